import Glibc
package import Links
import Measures
import Runtime
import ZeroMQ

/// The time of single transfers through a relay, beside that of the model of virtual time.
package struct RelayBenchmark: Sendable {
  /// One transfer.
  package struct Result: Sendable, Encodable {
    /// The link's name.
    package var link: String
    /// The direction of the transfer.
    package var direction: String
    /// The size of the transfer.
    package var bytes: Int
    /// The time of the model.
    package var virtualSeconds: Double
    /// The measured time: the median over all transfers.
    package var realSeconds: Double
    /// The part of the model's time by which the measured one is longer.
    package var difference: Double { realSeconds / virtualSeconds - 1 }
  }

  /// Sends what the link carries in about `seconds`, `times` after another over a fresh link each.
  ///
  /// - Throws: `RelayError`, `ZMQError` when the process is out of descriptors.
  package static func transfer(
    over link: DuplexProfile, named name: String, _ direction: Direction, seconds: Double = 0.8,
    times: Int = 3
  ) throws -> Result {
    let rate = link[direction].sustainedRate.bitsPerSecond / 8
    let bytes = max(20_000, Int(rate * seconds))
    let run = RandomStream(seed: 1)
    var model = DuplexLink(DuplexModel(link), client: 0, run: run)
    let expected = model[direction].send(ByteCount(bytes), at: .zero).transit?.arrival ?? .zero
    let real = try (0..<times).map { _ in
      try measure(bytes, over: link, direction, run: run)
    }
    return Result(
      link: name, direction: direction.rawValue, bytes: bytes,
      virtualSeconds: expected.seconds, realSeconds: real.sorted()[times / 2].seconds)
  }

  /// The time from the first byte's writing to the last one's reading.
  private static func measure(
    _ bytes: Int, over link: DuplexProfile, _ direction: Direction, run: RandomStream
  ) throws -> Duration {
    let server = try StreamSocket.listening(at: StreamAddress(loopback: 0))
    let relay = try LinkRelay(
      [
        LinkRelay.Line(
          listens: [StreamAddress(loopback: 0)], leads: [StreamAddress(loopback: server.port)],
          link: link, client: 0)
      ], run: run)
    defer { relay.stop() }
    let worker = try StreamSocket.connecting(to: relay.places[0][0])
    var broker = server.accepted()
    while broker == nil {
      try wait(for: server, POLLIN)
      broker = server.accepted()
    }
    guard let broker else { return .zero }
    let (source, sink) = direction == .down ? (broker, worker) : (worker, broker)
    let data = [UInt8](repeating: 7, count: bytes)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let clock = ContinuousClock()
    let start = clock.now
    var (written, read) = (0, 0)
    while read < bytes {
      if written < bytes, case .bytes(let count) = source.write(data, from: written) {
        written += count
      }
      switch sink.read(into: &buffer) {
      case .bytes(let count): read += count
      case .ended: throw RelayError.cannotConnect("the relay", reason: "it ended the connection")
      case .later:
        // What is left to be written goes soon.
        try wait(for: sink, POLLIN, atMost: written < bytes ? 1 : 60_000)
      }
    }
    return clock.now - start
  }

  private static func wait(
    for socket: StreamSocket, _ events: CInt, atMost milliseconds: CInt = 60_000
  ) throws(RelayError) {
    var entry = pollfd(fd: socket.descriptor, events: Int16(events), revents: 0)
    // SAFETY: the one entry lives during the call.
    let count = unsafe poll(&entry, 1, milliseconds)
    if count == 0, milliseconds == 60_000 {
      throw RelayError.cannotConnect("the relay", reason: "nothing came for a minute")
    }
  }
}
