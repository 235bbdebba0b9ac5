import Measures
import Testing
import ZeroMQ

struct TransportBenchmarkTests {
  @Test(.timeLimit(.minutes(1)), arguments: [false, true])
  func `the benchmark runs through and reports consistent figures`(isEncrypted: Bool) throws {
    var benchmark = TransportBenchmark()
    benchmark.chunk = ByteCount(4096)
    benchmark.volume = ByteCount(1 << 20)
    benchmark.passes = 1
    benchmark.isEncrypted = isEncrypted
    let result = try benchmark.run()
    #expect(result.gigabytesPerSecond > 0 && result.rawGigabytesPerSecond > 0)
    let ratio = result.gigabytesPerSecond / result.rawGigabytesPerSecond
    #expect(abs(result.ratio / ratio - 1) < 1e-6)
  }
}
