import Foundation
import Links
import Measures
import Testing

@Suite struct DeviceTests {
  private let run = RandomStream(seed: 21)

  @Test func `training time follows samples, the sub-model's share and the device's factor`() {
    let bySamples = ComputeSpeed.samplesPerSecond(50)
    #expect(
      bySamples.time(forSamples: 600, flopsPerSample: 2e6, fullFlopsPerSample: 8e6)
        == .seconds(3))
    let byFlops = ComputeSpeed.flopsPerSecond(1e9)
    #expect(
      byFlops.time(
        forSamples: 600, flopsPerSample: 2e6, fullFlopsPerSample: 8e6, factor: 2)
        == .milliseconds(600))
  }

  @Test(
    arguments: [
      (0, nil), (99, nil), (100, 0), (250, 1), (300, 2), (1_000_000, 2),
    ] as [(Int, Int?)])
  func `memory caps the stage`(memory: Int, stage: Int?) {
    let needs = [ByteCount(100), ByteCount(200), ByteCount(300)]
    let profile = DeviceProfile(speed: .samplesPerSecond(1), memory: ByteCount(max(1, memory)))
    #expect(Device(profile, client: 0, run: run).deepestStage(memory: needs) == stage)
    let unlimited = DeviceProfile(speed: .samplesPerSecond(1))
    #expect(Device(unlimited, client: 0, run: run).deepestStage(memory: needs) == 2)
  }

  @Test func `drop-outs have their rate, come anywhere in the work and repeat by the seed`() {
    let profile = DeviceProfile(speed: .samplesPerSecond(1), dropOut: 0.08)
    var dropOuts: [Double] = []
    for client in 0..<100 {
      let device = Device(profile, client: client, run: run)
      for round in 0..<200 {
        guard let fraction = device.dropOut(inRound: round) else { continue }
        dropOuts.append(fraction)
        #expect(Device(profile, client: client, run: run).dropOut(inRound: round) == fraction)
      }
    }
    #expect((Double(dropOuts.count) / 20000 / 0.08 - 1).magnitude < 0.1)
    #expect(dropOuts.allSatisfy { (0..<1).contains($0) })
    #expect((dropOuts.reduce(0, +) / Double(dropOuts.count) - 0.5).magnitude < 0.03)
  }

  @Test func `a device joins late, leaves for good and follows its turns between`() throws {
    let lifetime = Lifetime(joins: .seconds(100), leaves: .seconds(1000))
    let profile = DeviceProfile(
      speed: .samplesPerSecond(1), availability: .vehicular, lifetime: lifetime)
    for client in 0..<50 {
      let device = Device(profile, client: client, run: run)
      #expect(!device.isAvailable(at: .seconds(99)))
      var time = Duration.zero
      var changes = 0
      while let change = device.nextChange(after: time) {
        #expect(change > time && change <= .seconds(1000) && change >= .seconds(100))
        #expect(device.isAvailable(at: change) != device.isAvailable(at: time))
        time = change
        changes += 1
      }
      #expect(changes > 10)
      #expect(!device.isAvailable(at: time))
    }
  }

  @Test func `speeds differ as their distribution says`() {
    func sample(_ distribution: Distribution) -> [Double] {
      (0..<4001).map { client in
        let profile = DeviceProfile(speed: .samplesPerSecond(1), speedFactor: distribution)
        return Device(profile, client: client, run: run).speedFactor
      }.sorted()
    }
    #expect(sample(.constant(3)).allSatisfy { $0 == 3 })
    let even = sample(.uniform(1...3))
    #expect((even[2000] - 2).magnitude < 0.1 && even[0] >= 1 && even[4000] <= 3)
    let normal = sample(.normal(mean: 20, deviation: 10))
    #expect((normal[2000] - 20).magnitude < 1 && normal[0] >= 2)
    let logNormal = sample(.logNormal(median: 5, sigma: 1))
    #expect((logNormal[2000] / 5 - 1).magnitude < 0.1)
    #expect((logNormal[3366] / logNormal[2000] / exp(1) - 1).magnitude < 0.15)
  }

  @Test func `a profile that makes no sense says all that is wrong`() {
    let profile = DeviceProfile(
      speed: .flopsPerSecond(0), memory: .zero, dropOut: 2,
      lifetime: Lifetime(joins: .seconds(2), leaves: .seconds(1)))
    #expect(profile.problems.count == 4)
  }

  @Test func `a capacity trace gives speeds and links`() throws {
    let text = """
      {"1": {"computation": 162.0, "communication": 5648.109619499134},
       "432802": {"model": ["x", {"a": null}], "communication": 1e3, "computation": 50}}
      """
    let devices = try FedScaleDevice.devices(json: text)
    #expect(devices.map(\.client) == ["1", "432802"])
    #expect(devices[1].communication == kilobits(1000))
    #expect(
      devices[1].speed.time(forSamples: 20, flopsPerSample: 1, fullFlopsPerSample: 1)
        .isWithin(1e-9, of: .seconds(3)))
  }

  @Test(arguments: [
    ("", 1), ("{}", 0), ("{\"1\": 5}", 1), ("{\"1\": {\"computation\": 1}}", 1),
    ("{\n\"1\":\n{\"computation\": 0, \"communication\": 1}}", 3),
    ("{\"1\": {\"computation\": 1, \"communication\": 1}}\nx", 2),
    ("{\"1\": {\"computation\": 1, \"communication\": 1},}", 1),
    ("{\"1\": {\"x\": \(String(repeating: "[", count: 100_000))", 1), ("{\"1", 1), ("{\"1\\", 1),
  ])
  func `a capacity trace that is wrong says where`(text: String, line: Int) {
    let error = #expect(throws: TraceError.self) { try FedScaleDevice.devices(json: text) }
    let place = line > 0 ? "line \(line): " : "the trace is empty"
    #expect(error?.description.hasPrefix(place) == true, "\(error?.description ?? "")")
  }

  @Test func `a behaviour trace gives intervals`() throws {
    let text = """
      {"1": {"duration": 211, "inactive": [65, 133], "finish_time": 518, "active": [12, 100],
             "model": "CPH1801"}}
      """
    let trace = try #require(try AvailabilityTrace.traces(fedScaleJSON: text).first)
    #expect(trace.count == 2 && trace.period == .seconds(518))
    let availability = Availability(.trace(trace), client: 0, run: run)
    for (time, isOn) in [(0, false), (12, true), (64, true), (65, false), (518 + 100, true)] {
      #expect(availability.isAvailable(at: .seconds(time)) == isOn)
    }
  }

  @Test(arguments: [
    (
      "{\n\"7\": {\"active\": [1], \"inactive\": [2, 3], \"finish_time\": 9}}",
      TraceError.unpaired(line: 2, client: "\"7\"", active: 1, inactive: 2)
    ),
    (
      "{\"7\": {\"active\": [5, 1], \"inactive\": [6, 2], \"finish_time\": 9}}",
      .disorder(line: 1, client: "\"7\"", interval: 1)
    ),
    (
      "{\"7\": {\"active\": [5], \"inactive\": [10], \"finish_time\": 9}}",
      .disorder(line: 1, client: "\"7\"", interval: 0)
    ),
    (
      "{\"7\": {\"active\": [], \"inactive\": []}}",
      .malformed(
        line: 1, found: "client \"7\"", expected: "a client with \"finish_time\" above 0")
    ),
    (
      "{\"7\": {\"active\": [], \"inactive\": [], \"finish_time\": 1e-10}}",
      .malformed(
        line: 1, found: "client \"7\"", expected: "a client with \"finish_time\" of at least 0.001")
    ),
    ("{}", .empty),
  ])
  func `a behaviour trace that is wrong says where`(text: String, error: TraceError) {
    #expect(throws: error) { try AvailabilityTrace.traces(fedScaleJSON: text) }
  }
}
