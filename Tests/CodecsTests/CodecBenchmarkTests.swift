import Codecs
import Measures
import Testing

@Suite struct CodecBenchmarkTests {
  @Test(arguments: CodecBenchmark.usual)
  func `the benchmark measures what it lists`(text: String) throws {
    let benchmark = CodecBenchmark(count: 20_000, repetitions: 1)
    let result = try benchmark.measure(CodecSpec(parsing: text), clock: ContinuousClock())
    let spec = try CodecSpec(parsing: text)
    #expect(result.codec == spec.description)
    let expected = 8 * Double(Codec(spec).expectedSize(of: 20_000).bytes) / 20_000
    // What compression saves isn't expected.
    #expect(spec.isCompressed || result.bitsPerParameter / expected > 0.98)
    #expect(result.bitsPerParameter / expected < 1.02)
    #expect((text == "dense32") == (result.relativeSquaredError == 0))
    // The seconds are the machine's; their ratio is what is told of them.
    let ratio = result.foldGigaelementsPerSecond / result.limitGigaelementsPerSecond
    #expect(abs(result.foldRatio / ratio - 1) < 1e-9)
  }
}
