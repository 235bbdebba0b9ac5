import Codecs
import Testing

@Suite struct CodecBenchmarkTests {
  @Test(arguments: CodecBenchmark.usual)
  func `the benchmark measures what it lists`(text: String) throws {
    let benchmark = CodecBenchmark(count: 20_000, repetitions: 1)
    let result = try benchmark.measure(CodecSpec(parsing: text), clock: ContinuousClock())
    #expect(result.codec == (try CodecSpec(parsing: text)).description)
    #expect(result.bitsPerParameter > 0 && result.bitsPerParameter <= 32)
    #expect((text == "dense32") == (result.relativeSquaredError == 0))
    #expect(result.foldRatio > 0)
  }
}
