import Federation
import Progressive
import Tensors
import Testing

/// Where federations of clients that differ end up, and what control variates make of what they are
/// given.
@Suite struct CorrectionTests {
  /// Two clients that pull in different directions with different force.
  private static func fleet(
    steps: [Int], rate: Float = 0.05, momentum: Double = 0, weights: [Double] = [1, 1]
  ) -> QuadraticFleet {
    var fleet = QuadraticFleet(
      [
        .init(curvatures: [4, 0.5], minima: [1, -2], steps: steps[0], weight: weights[0]),
        .init(curvatures: [0.4, 3], minima: [-3, 1], steps: steps[1], weight: weights[1]),
      ], rate: rate)
    fleet.localSteps = LocalSteps(momentum: momentum)
    return fleet
  }

  /// How far from the optimum a federation is after its rounds.
  private static func end(_ fleet: QuadraticFleet, rounds: Int = 600) throws -> Double {
    var fleet = fleet
    for _ in 0..<rounds { try fleet.round([0, 1]) }
    return fleet.distance
  }

  @Test(
    arguments: [
      ([10, 10], 0.05, 0.0), ([5, 20], 0.05, 0), ([10, 10], 0.005, 0.9), ([5, 20], 0.005, 0.9),
    ] as [([Int], Float, Double)])
  func `clients that differ hold FedAvg off the optimum, and SCAFFOLD reaches it`(
    steps: [Int], rate: Float, momentum: Double
  ) throws {
    var fleet = Self.fleet(steps: steps, rate: rate, momentum: momentum)
    let plain = try Self.end(fleet)
    fleet.correction = .scaffold
    let corrected = try Self.end(fleet)
    #expect(plain > 0.05)
    #expect(corrected < 1e-4)
  }

  @Test func `corrections leave the weighted mean of the objectives where it is`() throws {
    var fleet = Self.fleet(steps: [10, 5], weights: [3, 1])
    fleet.correction = .scaffold
    #expect(try Self.end(fleet) < 1e-4)
  }

  @Test func `one client in each round leads SCAFFOLD to the optimum as well`() throws {
    var fleet = Self.fleet(steps: [5, 10], rate: 0.02)
    fleet.correction = .scaffold
    for round in 0..<3000 { try fleet.round([round % 2]) }
    #expect(fleet.distance < 1e-3)
  }

  @Test func `FedProx ends nearer to the optimum than FedAvg, though not there`() throws {
    var fleet = Self.fleet(steps: [10, 10])
    let plain = try Self.end(fleet)
    fleet.proximal = 5
    let pulled = try Self.end(fleet)
    #expect(pulled < 0.7 * plain)
    #expect(pulled > 0.05)
  }

  @Test(arguments: [0, 0.9])
  func `FedNova takes away what unequal numbers of steps add to the drift`(
    momentum: Double
  ) throws {
    let rates: [Float] = momentum == 0 ? [0.01, 0.005] : [0.001, 0.0005]
    let ends = try rates.map { rate in
      var fleet = Self.fleet(steps: [2, 20], rate: rate, momentum: momentum)
      let plain = try Self.end(fleet, rounds: 4000)
      fleet.averaging = .fednova
      return (plain: plain, normalized: try Self.end(fleet, rounds: 4000))
    }
    // FedAvg solves another problem, however small its steps are; FedNova's drift falls with them.
    #expect(ends.allSatisfy { $0.plain > 1.5 })
    #expect(ends[0].normalized < 0.12)
    #expect(abs(ends[1].normalized / ends[0].normalized - 0.5) < 0.1)
  }

  @Test
  func
    `the server's control variate is the mean of the clients', also of those who never took part`()
    throws
  {
    var fleet = Self.fleet(steps: [3, 4], weights: [2, 6])
    fleet.correction = .scaffold
    for selected in [[0], [1], [0, 1], [0]] {
      try fleet.round(selected)
      let (first, second) = (fleet.controlVariate(of: 0), fleet.controlVariate(of: 1))
      for index in 0..<2 {
        let mean = 0.25 * first[index] + 0.75 * second[index]
        #expect(abs(fleet.controlVariate[index] - mean) < 1e-5)
      }
    }
  }

  private let layout = ParameterLayout(
    name: "block1",
    parameters: [
      Parameter("conv1.weight", Shape([2]), role: .weight),
      Parameter("bn1.running_mean", Shape([1]), role: .buffer),
      Parameter("bn1.weight", Shape([1]), role: .scale),
    ])

  @Test func `buffers have no control variate, and aren't corrected`() throws {
    var (server, client) = (ServerControlVariates(), ClientControlVariates())
    let update = ParameterVector(layout: layout, scalars: [1, 2, 100, 4])
    server.step(update, sent: nil, share: 0.5)
    client.step(update, sent: nil, reach: 0.5)
    let sent = try #require(server.values[.block(1)])
    #expect(sent.scalars == [-0.5, -1, -2])
    #expect(client.values[.block(1)]?.scalars == [-2, -4, -8])
    let correction = client.correction(of: layout, sent: sent)
    #expect(correction.layout == layout)
    #expect(correction.scalars == [1.5, 3, 0, 6])
    #expect(ClientControlVariates().correction(of: layout, sent: nil).scalars == [0, 0, 0, 0])
  }

  @Test
  func `both ends forget the control variate of a head that is thrown away, and none of a block`() {
    let head = ParameterLayout(name: "head1", parameters: layout.parameters)
    let block = ParameterLayout(name: "block2", parameters: layout.parameters)
    var (server, client) = (ServerControlVariates(), ClientControlVariates())
    for segment in [layout, head] {
      let update = ParameterVector(layout: segment, scalars: [1, 1, 1, 1])
      server.step(update, sent: nil, share: 1)
      client.step(update, sent: nil, reach: 1)
    }
    let (kept, own) = (server.values[.block(1)], client.values[.block(1)])
    server.keep([layout, block])
    client.adapt(to: [layout, block])
    #expect(server.values == [.block(1): kept].compactMapValues(\.self))
    #expect(client.values == [.block(1): own].compactMapValues(\.self))
    #expect(server == ServerControlVariates(Array(server.values.values)))
  }

  @Test func `clients that claim more samples than there are don't move it any further`() {
    var (honest, hostile) = (ServerControlVariates(), ServerControlVariates())
    let update = ParameterVector(layout: layout, scalars: [1, 2, 3, 4])
    honest.step(update, sent: nil, share: 1)
    hostile.step(update, sent: nil, share: 1e12)
    #expect(honest == hostile)
  }

  @Test func `steps at a rate of nothing reach nowhere`() {
    let steps = LocalSteps(momentum: 0.9)
    #expect(steps.reach(of: 3, rate: 0) == nil)
    #expect(steps.reach(of: 0, rate: 0.1) == nil)
    #expect(steps.reach(of: 1, rate: .leastNonzeroMagnitude) == nil)
    #expect(LocalSteps().reach(of: 4, rate: 0.5) == 2)
  }
}
