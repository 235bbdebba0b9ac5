/// The importance of a line of a log, the least first.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
  /// Details of what happens.
  case debug
  /// The course of the run.
  case info
  /// News that people should know, though nothing is wrong.
  case notice
  /// Something was refused, lost or cut, and the run goes on.
  case warning
  /// The run can't go on.
  case error

  package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }

  private var rank: Int {
    switch self {
    case .debug: 0
    case .info: 1
    case .notice: 2
    case .warning: 3
    case .error: 4
    }
  }

  /// The most lines of one event in a minute: few of those that unknown peers can cause.
  var linesPerMinute: Int {
    switch self {
    case .debug, .notice, .warning: 20
    case .info, .error: 10_000
    }
  }
}
