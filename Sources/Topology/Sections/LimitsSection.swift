import Federation
import Measures

/// The section `limits`: how often both sides speak, how long they wait and how much they take.
struct LimitsSection: Hashable, Sendable {
  /// Waiting times and sizes.
  var transfers = ProtocolLimits()
  /// The largest norm of an update that counts; nil for any.
  var updateNorm: Double?
  /// The largest multiple of the median of earlier norms that an update's norm may be; nil for any.
  var normMultiple: Double? = NormGuard.standardMultiple
  /// The most samples that a client may have; nil for any number.
  var samples: Int?
  /// The waiting times that the file gives.
  var given: Set<String> = []

  init(reading keys: inout KeyReader) {
    var limits = ProtocolLimits()
    let pause = Duration.milliseconds(10) ... .seconds(3600)
    limits.bytesInFlight = keys.bytes(
      "bytesInFlight", limits.bytesInFlight, in: 1024...(1 << 40))
    limits.chunkBytes = keys.bytes("chunk", limits.chunkBytes, in: 1024...(256 << 10))
    limits.repairWindow = keys.bytes("repairWindow", limits.repairWindow, in: 1024...(1 << 40))
    limits.repairFactor = keys.value("repairFactor", default: limits.repairFactor) {
      $0.whole(1...1000)
    }
    let times: [(String, WritableKeyPath<ProtocolLimits, Duration>)] = [
      ("announce", \.announceInterval), ("gather", \.gatherWindow), ("farewell", \.farewell),
      ("join", \.joinInterval), ("fetch", \.fetchTimeout), ("offer", \.offerTimeout),
      ("heartbeat", \.heartbeatInterval), ("silence", \.silence),
    ]
    for (key, path) in times {
      limits[keyPath: path] = keys.value(key, default: limits[keyPath: path]) {
        $0.duration(pause)
      }
      if keys.has(key) { given.insert(key) }
    }
    if limits.heartbeatInterval >= limits.silence, keys.has("silence") || keys.has("heartbeat") {
      keys.reading.report(
        keys.full(keys.has("silence") ? "silence" : "heartbeat"),
        "\(keys.full("silence")) isn't longer than \(keys.full("heartbeat")): "
          + "clients at work would pass for lost",
        remedy: "let silence be three heartbeats, say")
    }
    updateNorm = keys.value("updateNorm", default: updateNorm) {
      $0.numberOrNone(0...1e30, excluding: 0)
    }
    normMultiple = keys.value("normMultiple", default: normMultiple) {
      $0.numberOrNone(1...1e30)
    }
    samples = keys.optional("samples") { $0.whole(1...(1 << 48) - 1) }
    self.transfers = limits
  }
}

extension KeyReader {
  fileprivate mutating func bytes(
    _ key: String, _ standard: Int, in range: ClosedRange<Int>
  ) -> Int {
    value(key, default: ByteCount(standard)) { $0.byteCount(range) }.bytes
  }
}
