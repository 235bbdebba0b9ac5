import Dispatch
import Foundation

/// Turns SIGINT and SIGTERM into a call: the first asks to end cleanly, a second one ends at once.
final class Interruption {
  private var sources: [any DispatchSourceSignal] = []

  /// Calls `stop` at the first signal.
  init(_ stop: @escaping @Sendable () -> Void) {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        // From now on both do what they do by default.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        Terminal.note("\nprogfed: ending cleanly; interrupt again to end at once")
        stop()
      }
      source.resume()
      sources.append(source)
    }
  }

  deinit { for source in sources { source.cancel() } }
}
