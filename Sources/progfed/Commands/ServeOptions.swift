import ArgumentParser
import Federation
import Foundation
import Ledger
import Live

/// The address of a run's live page.
struct ServeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Show the run while it goes on, at http://HOST:PORT: its page, /metrics, /status.json, /summary.json, /health.",
      valueName: "host:port"))
  var serve: ServeAddress?

  @Flag(help: "Serve beyond this machine: nothing is encrypted, and everybody may read.")
  var serveInsecure = false

  /// Serves the run in `directory` until `body` has ended, if that is wanted; `say` is told where,
  /// and `presence` tells who is there.
  func serving<Value>(
    _ directory: RunDirectory, say: (String) -> Void,
    presence: (@Sendable () -> Presence?)? = nil, _ body: () throws -> Value
  ) throws -> Value {
    guard let serve else { return try body() }
    let server = try LiveServer(
      directory.paths.ledger, at: serve.value, allowingOthers: serveInsecure,
      presence: presence)
    defer { server.stop() }
    say("serving at http://\(server.address)/")
    return try body()
  }
}

/// The address of the live page as written on the command line.
struct ServeAddress: ExpressibleByArgument {
  let value: LiveAddress

  init?(argument: String) {
    guard let value = LiveAddress(argument) else { return nil }
    self.value = value
  }
}
