import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct ConnectionBenchmarkTests {
  private struct Result: Decodable {
    var workers: Int
    var accepted: Int
    var memoryPerWorkerKilobytes: Double
  }

  @Test(arguments: [[], ["--curve"], ["--plan"], ["--plan", "--curve"]])
  func `many workers join over connections of their own and take part`(more: [String]) throws {
    let bench = try Command(["bench", "connections", "--workers", "120", "--json"] + more)
    #expect(bench.status(within: 90) == 0, "\(bench.standardError)")
    let result = try JSONDecoder().decode(Result.self, from: Data(bench.standardOutput.utf8))
    #expect(result.workers == 120 && result.accepted == 120)
    #expect(result.memoryPerWorkerKilobytes > 0)
    #expect(result.memoryPerWorkerKilobytes < 1000)
  }

  @Test func `more workers than descriptors are refused`() throws {
    let bench = try Command(["bench", "connections", "--workers", "100000000"])
    #expect(bench.status(within: 20) == 64)
    #expect(bench.standardError.contains("ulimit"))
  }
}
