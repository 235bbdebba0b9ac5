import Foundation
import Measures
import Testing
import ZeroMQ

/// Longer than anything on this machine takes, unless it is stuck.
let patience = Duration.seconds(10)

/// A context for `body`, which must have closed all of its sockets in the end.
func withContext<Result>(
  _ body: (Context) throws -> Result, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Result {
  let context = try Context()
  let result = try body(context)
  #expect(context.openSockets == 0, sourceLocation: sourceLocation)
  #expect(
    context.terminate(within: patience), "sockets are left open", sourceLocation: sourceLocation)
  return result
}

/// Options that act at once: short pauses, no heartbeats.
func quickOptions(_ change: (inout SocketOptions) -> Void = { _ in }) -> SocketOptions {
  var options = SocketOptions()
  options.heartbeat = nil
  options.reconnectInterval = .milliseconds(10)
  options.longestReconnectInterval = .milliseconds(50)
  change(&options)
  return options
}

/// The transports, each with an endpoint that is free.
enum Transport: String, CaseIterable, Sendable {
  case inproc, ipc, tcp

  var endpoint: String {
    switch self {
    case .inproc: "inproc://test"
    case .ipc:
      "ipc://"
        + FileManager.default.temporaryDirectory.appending(path: "zmq-\(UUID().uuidString)").path()
    case .tcp: "tcp://127.0.0.1:*"
    }
  }
}

/// The next message, waited for with patience.
func nextMessage(
  on socket: borrowing Socket, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Message {
  let reception = try socket.receive(within: patience)
  return try #require(reception?.message, sourceLocation: sourceLocation)
}

/// Sends once there is room.
func deliver(_ frames: [Frame], on socket: borrowing Socket) throws {
  let deadline = ContinuousClock.now + patience
  while try !socket.send(frames) {
    try #require(ContinuousClock.now < deadline, "no room to send")
    _ = try socket.wait(for: .writable, atMost: .milliseconds(100))
  }
}

/// Waits for the first event that `extract` knows.
func nextEvent<Value>(
  of monitor: borrowing Monitor, _ extract: (MonitorEvent.Kind) -> Value?
) throws -> Value {
  let deadline = ContinuousClock.now + patience
  while ContinuousClock.now < deadline {
    if let event = try monitor.next(within: .milliseconds(100)), let value = extract(event.kind) {
      return value
    }
  }
  throw Timeout()
}

/// Waits until a connection was lost.
func awaitDisconnection(of monitor: borrowing Monitor) throws {
  _ = try nextEvent(of: monitor) { kind -> Bool? in
    guard case .disconnected = kind else { return nil }
    return true
  }
}

/// Waits until a connection can carry messages.
func awaitHandshake(of monitor: borrowing Monitor) throws {
  _ = try nextEvent(of: monitor) { $0 == .handshakeSucceeded ? true : nil }
}

/// The descriptor of the next connection that a peer made.
func connection(accepted monitor: borrowing Monitor) throws -> CInt {
  try nextEvent(of: monitor) { kind in
    guard case .accepted(let descriptor) = kind else { return nil }
    return descriptor
  }
}

/// The descriptor of the next connection that this side made.
func connection(connected monitor: borrowing Monitor) throws -> CInt {
  try nextEvent(of: monitor) { kind in
    guard case .connected(let descriptor) = kind else { return nil }
    return descriptor
  }
}

/// The event that was waited for did not come.
struct Timeout: Error {}

/// All frames of a message.
func frames(of message: Message) -> [[UInt8]] { (0..<message.frameCount).map(message.bytes(of:)) }
