/// The reason for which a broker can't be asked, or can't be reached from another shell.
package enum ControlError: Error, Hashable, CustomStringConvertible {
  /// No broker works on the run.
  case noBroker(String)
  /// No broker works on the run, which is in this state.
  case atRest(String, state: String)
  /// Another user runs the broker.
  case notYours(String)
  /// The broker didn't answer in time.
  case noAnswer(String)
  /// The answer can't be read.
  case unreadable(String)
  /// Something that isn't a socket is in its place.
  case occupied(String)
  /// The system doesn't do it.
  case system(String, reason: String)

  /// The fault and its cure, in words.
  package var description: String {
    switch self {
    case .noBroker(let path): "\(path): no broker works on this run now"
    case .atRest(let path, let state): "\(path): no broker works on this run: \(state)"
    case .notYours(let path):
      "\(path): another user's broker; only the user who runs it may ask it: try as that user"
    case .noAnswer(let path):
      "\(path): the broker doesn't answer; if it is stopped or very busy, try again"
    case .unreadable(let path):
      "\(path): the answer can't be read; is the broker of another version of progfed?"
    case .occupied(let path): "\(path): not a socket; move it away, and start the broker again"
    case .system(let path, let reason): "\(path): \(reason)"
    }
  }
}
