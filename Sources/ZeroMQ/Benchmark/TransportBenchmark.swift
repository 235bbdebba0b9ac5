import Bytes
import CZeroMQ
import Foundation
package import Measures
import ZMTP

/// The speed of chunks from a PUSH to a PULL over TCP on this machine, beside that of libzmq alone.
package struct TransportBenchmark: Sendable {
  /// The size of a message's only frame.
  package var chunk = ByteCount(256 << 10)
  /// The bytes of one pass.
  package var volume = ByteCount(128 << 20)
  /// Passes through each of the two, taken in turn; the fastest counts, being the least disturbed.
  package var passes = 20
  /// True if the connection is encrypted with CURVE.
  package var isEncrypted = false

  /// The measurements.
  package struct Result: Hashable, Sendable, Codable {
    /// Through this module, in 10⁹ bytes a second.
    package var gigabytesPerSecond: Double
    /// Through libzmq's C functions with the same options, in 10⁹ bytes a second.
    package var rawGigabytesPerSecond: Double
    /// The former divided by the latter.
    package var ratio: Double
  }

  /// The benchmark of PUSH and PULL with its usual sizes.
  package init() {}

  /// Measures; takes a few seconds and two threads.
  package func run() throws(ZMQError) -> Result {
    precondition(chunk.bytes > 0 && volume >= chunk && passes > 0, "\(volume) in \(chunk)")
    var best = Duration.seconds(1 << 30)
    var bestRaw = best
    for _ in 0..<passes {
      bestRaw = min(bestRaw, try pass(isRaw: true))
      best = min(best, try pass(isRaw: false))
    }
    let gigabytes = Double(count * chunk.bytes) * 1e-9
    return Result(
      gigabytesPerSecond: gigabytes / best.seconds,
      rawGigabytesPerSecond: gigabytes / bestRaw.seconds, ratio: bestRaw / best)
  }

  /// The chunks that are timed; one more goes before them.
  private var count: Int { volume.bytes / chunk.bytes }

  /// The time from the arrival of the first chunk to that of the last.
  private func pass(isRaw: Bool) throws(ZMQError) -> Duration {
    let context = try Context(ioThreads: isEncrypted ? 2 : 1)
    let keys = isEncrypted ? try CurveKeyPair.generate() : nil
    let clientKeys = isEncrypted ? try CurveKeyPair.generate() : nil
    var options = SocketOptions()
    options.receiveHighWaterMark = 8
    options.maximumFrame = nil
    var handler: ZAPHandler?
    if let keys {
      handler = try ZAPHandler(in: context)
      options.security = .curveServer(secretKey: keys.secretKey, domain: "benchmark")
    }
    let pull = try Socket(.pull, in: context, options: options)
    let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
    options.sendHighWaterMark = 8
    if let keys, let clientKeys {
      options.security = .curveClient(serverKey: keys.publicKey, pair: clientKeys)
    }
    let sender = TransportSender(
      context: context, endpoint: endpoint, options: options, isRaw: isRaw, count: count + 1,
      buffer: SharedBuffer([UInt8](repeating: 1, count: chunk.bytes)))
    Thread.detachNewThread { sender.run() }
    defer { context.shutdown() }
    while try !pull.wait(for: .readable, atMost: .milliseconds(5)) {
      _ = try handler?.serve { _ in .accept(userID: "benchmark") }
    }
    return try isRaw
      ? RawTransport.timeReception(of: count, on: pull.pointer) : timeReception(on: pull)
  }

  private func timeReception(on pull: borrowing Socket) throws(ZMQError) -> Duration {
    while try pull.receive(within: .seconds(1)) == nil {}
    let start = ContinuousClock.now
    for _ in 0..<count {
      while try pull.receive(within: .seconds(1)) == nil {}
    }
    return .now - start
  }
}

/// The sending thread of a ``TransportBenchmark``.
struct TransportSender: Sendable {
  var context: Context
  var endpoint: String
  var options: SocketOptions
  var isRaw: Bool
  var count: Int
  var buffer: SharedBuffer

  /// Sends all chunks, then keeps the connection until the receiver shuts the context down.
  func run() {
    do throws(ZMQError) {
      let push = try Socket(.push, in: context, options: options)
      try push.connect(to: endpoint)
      if isRaw {
        try RawTransport.send(buffer, count: count, on: push.pointer)
      } else {
        for _ in 0..<count {
          while try !push.send(Frame(buffer)) {
            _ = try push.wait(for: .writable, atMost: .seconds(1))
          }
        }
      }
      while true { _ = try push.wait(for: .readable, atMost: .seconds(1)) }
    } catch {
      // The receiver's shutdown ends the wait; any other error ends the benchmark with it.
      context.shutdown()
    }
  }
}

/// The loops of a program in C over libzmq, to compare ours with.
enum RawTransport {
  /// Sends `buffer` as a message, `count` times, without copying it.
  static func send(
    _ buffer: SharedBuffer, count: Int, on socket: UnsafeMutableRawPointer
  ) throws(ZMQError) {
    var message = zmq_msg_t()
    for _ in 0..<count {
      let owner = Unmanaged.passRetained(buffer)
      zmq_msg_init_data(
        &message, buffer.address, buffer.count,
        { _, hint in
          guard let hint else { return }
          Unmanaged<SharedBuffer>.fromOpaque(hint).release()
        }, owner.toOpaque())
      try check("send") { zmq_msg_send(&message, socket, 0) }
    }
  }

  /// The time to receive `count` messages after a first one.
  static func timeReception(
    of count: Int, on socket: UnsafeMutableRawPointer
  ) throws(ZMQError) -> Duration {
    var message = zmq_msg_t()
    zmq_msg_init(&message)
    try check("receive") { zmq_msg_recv(&message, socket, 0) }
    let start = ContinuousClock.now
    for _ in 0..<count { try check("receive") { zmq_msg_recv(&message, socket, 0) } }
    let elapsed = ContinuousClock.now - start
    zmq_msg_close(&message)
    return elapsed
  }
}
