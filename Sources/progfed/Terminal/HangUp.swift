import Dispatch
import Foundation

/// Turns SIGHUP into a call, each time: the custom of services for "read your files again".
final class HangUp {
  private let source: any DispatchSourceSignal

  /// Calls `reload` at each signal.
  init(_ reload: @escaping @Sendable () -> Void) {
    signal(SIGHUP, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
    source.setEventHandler(handler: reload)
    source.resume()
  }

  deinit { source.cancel() }
}
