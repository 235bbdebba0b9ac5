package import Wire
import ZeroMQ

/// Decides which of the workers' messages a relay passes on to the broker, which knows the relay
/// alone, and tells people of those that it doesn't.
package struct RelayAdmission {
  /// The most objections that are told one by one.
  private static let mostTold = 1000
  /// The objection that stands for all beyond these.
  private static let others = "more objections than are told one by one"

  /// Nil where everybody may speak for every client.
  private var admission: ClientAdmission?
  private let sampleUnit: Int
  private let report: @Sendable (String) -> Void
  /// The number of messages that each objection was to.
  private var counts: [String: Int] = [:]

  /// An admission by a list, or of all without one.
  ///
  /// - Parameters:
  ///   - control: The workers' keys and clients; nil where connections aren't authenticated.
  ///   - sampleUnit: The number whose multiples clients tell of their samples.
  ///   - report: Told each objection the first time, and again when it has come up ten, a hundred …
  ///     times.
  package init(
    _ control: AccessControl?, sampleUnit: Int = 1, report: @escaping @Sendable (String) -> Void
  ) {
    admission = control.map { ClientAdmission($0, clients: .max, sampleUnit: sampleUnit) }
    self.sampleUnit = sampleUnit
    self.report = report
  }

  /// True if a message is of somebody who may speak for its client.
  mutating func admits(_ received: ZeroMQ.Message) -> Bool {
    guard admission != nil else { return true }
    do {
      return admits(try received.uplink(), from: received.userID)
    } catch {
      object("a worker's message can't be read: \(error.counter)")
      return false
    }
  }

  /// True if a message is of somebody who may speak for its client, by the user's name that its
  /// connection was given.
  package mutating func admits(_ message: Wire.Message<Uplink>, from userID: String?) -> Bool {
    guard message.header.client != nil else {
      object("a worker's message names no client")
      return false
    }
    switch admission?.verdict(on: message, from: userID) {
    case .allowed, nil: return true
    case .forbidden(let detail): object(detail)
    case .faulty(let problem):
      object(
        sampleUnit > 1
          ? problem
          : "\(problem); where the topology has data.roundSamples, this relay needs it as well "
            + "(--round-samples)")
    }
    return false
  }

  /// Notes that a message was dropped for another reason.
  mutating func dropped(_ drop: Forwarder.Drop) {
    switch drop {
    case .beyondLimits: object("a message beyond the limits of size")
    case .withoutReceiver: object("a message for which nobody is connected")
    }
  }

  private mutating func object(_ objection: String) {
    let isKnown = counts[objection] != nil || counts.count < Self.mostTold
    let objection = isKnown ? objection : Self.others
    let count = counts[objection, default: 0] + 1
    counts[objection] = count
    if count == 1 { return report("not passed on: \(objection)") }
    var power = 10
    while power < count { power *= 10 }
    if power == count { report("not passed on, \(count) times by now: \(objection)") }
  }
}
