import Foundation
import Measures
import Synchronization

/// Shows on standard error how far a long reading or writing of samples is, and ends it when
/// somebody asks.
///
/// Nothing is shown in the first two seconds. On a terminal one line is written over; elsewhere a
/// line comes every ten seconds.
final class WorkProgress: Sendable {
  private struct State {
    var isEnded = false
    var hasLine = false
    var shown: ContinuousClock.Instant?
  }

  private let what: String
  private let isQuiet: Bool
  private let isWrittenOver: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  /// Progress of `what`, a word or two; a quiet one shows nothing, a plain one only whole lines.
  init(_ what: String, isQuiet: Bool, isPlain: Bool = false) {
    self.what = what
    self.isQuiet = isQuiet
    isWrittenOver = Terminal.error.isTerminal && !isPlain
  }

  /// Shows that `done` of `all` samples are done; false if the work is to end.
  func goesOn(_ done: Int, of all: Int) -> Bool {
    let now = ContinuousClock.now
    let pause: Duration = isWrittenOver ? .milliseconds(200) : .seconds(10)
    return state.withLock { state in
      guard !state.isEnded else { return false }
      guard !isQuiet, now - start > .seconds(2), done < all,
        state.shown.map({ now - $0 >= pause }) ?? true
      else { return true }
      state.shown = now
      let share = (100 * Double(done) / Double(max(all, 1))).fixed(0)
      let text = "progfed: \(what): \(share) % done"
      Terminal.write(isWrittenOver ? "\r\u{1B}[K\(text)" : "\(text)\n")
      state.hasLine = isWrittenOver
      return true
    }
  }

  /// Has the work end at its next step.
  func end() { state.withLock { $0.isEnded = true } }

  /// Takes the line away that is written over.
  func clear() {
    state.withLock { state in
      if state.hasLine { Terminal.write("\r\u{1B}[K") }
      state.hasLine = false
    }
  }
}
