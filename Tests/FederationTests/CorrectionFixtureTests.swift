import Federation
import Foundation
import Tensors
import Testing

/// Rounds of SCAFFOLD, FedNova and FedProx, against what Fixtures/generate.py made with PyTorch.
@Suite struct CorrectionFixtureTests {
  struct Fixture: Decodable {
    struct Round: Decodable {
      let model: [Double]
      let control: [Double]?
      let clients: [[Double]]?
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
      let momentum: Double
      let nesterov: Bool
      let norms: [Double]
      let scaffold: [Round]
      let fednova: [Round]
      let fedprox: [Round]

      var localSteps: LocalSteps { LocalSteps(momentum: momentum, nesterov: nesterov) }
      var testDescription: String { "momentum \(momentum)\(nesterov ? ", looking ahead" : "")" }
    }

    let curvatures: [[Float]]
    let minima: [[Float]]
    let steps: [Int]
    let samples: [Double]
    let rounds: [[Int]]
    let rate: Float
    let proximal: Float
    let cases: [Case]
  }

  static let fixture: Fixture? = Bundle.module.url(
    forResource: "corrections", withExtension: "json", subdirectory: "Fixtures"
  ).flatMap { try? JSONDecoder().decode(Fixture.self, from: Data(contentsOf: $0)) }

  private func fleet(
    _ fixture: Fixture, _ localSteps: LocalSteps, segments: [QuadraticFleet.Segment]? = nil,
    covered: [Int: Set<String>] = [:]
  ) -> QuadraticFleet {
    let clients = fixture.steps.indices.map { client in
      QuadraticFleet.Client(
        curvatures: fixture.curvatures[client], minima: fixture.minima[client],
        steps: fixture.steps[client], weight: fixture.samples[client], covered: covered[client])
    }
    var fleet = QuadraticFleet(clients, segments: segments, rate: fixture.rate)
    fleet.localSteps = localSteps
    return fleet
  }

  private func expect(
    _ values: [Float], _ expected: [Double], _ comment: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    for (value, expected) in zip(values, expected) {
      #expect(
        abs(Double(value) - expected) < 2e-5 * max(1, abs(expected)), comment,
        sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: fixture?.cases ?? [])
  func `steps reach as far as the optimizer takes them`(reference: Fixture.Case) {
    for (index, norm) in reference.norms.enumerated() {
      #expect(abs(reference.localSteps.norm(of: index + 1) - norm) < 1e-9 * norm)
    }
  }

  @Test(arguments: fixture?.cases ?? [])
  func `control variates and model of SCAFFOLD are those of the reference`(reference: Fixture.Case)
    throws
  {
    let fixture = try #require(Self.fixture)
    var fleet = fleet(fixture, reference.localSteps)
    fleet.correction = .scaffold
    for (number, (selected, round)) in zip(fixture.rounds, reference.scaffold).enumerated() {
      try fleet.round(selected)
      expect(fleet.values, round.model, "the model of round \(number + 1)")
      expect(
        fleet.controlVariate, try #require(round.control), "the control of round \(number + 1)")
      for (client, control) in try #require(round.clients).enumerated() {
        expect(fleet.controlVariate(of: client), control, "client \(client) in round \(number + 1)")
      }
    }
  }

  @Test(arguments: fixture?.cases ?? [])
  func `models of FedProx are those of the reference`(reference: Fixture.Case) throws {
    let fixture = try #require(Self.fixture)
    var fleet = fleet(fixture, reference.localSteps)
    fleet.proximal = fixture.proximal
    for (number, (selected, round)) in zip(fixture.rounds, reference.fedprox).enumerated() {
      try fleet.round(selected)
      expect(fleet.values, round.model, "the model of round \(number + 1)")
    }
  }

  @Test(arguments: fixture?.cases ?? [])
  func `a mean of FedNova is the reference's, segment by segment, its buffers' the plain one`(
    reference: Fixture.Case
  ) throws {
    let fixture = try #require(Self.fixture)
    let block = ParameterLayout(
      name: "block1",
      parameters: [
        Parameter("weight", Shape([2]), role: .weight),
        Parameter("running_mean", Shape([1]), role: .buffer),
      ])
    let deep = ParameterLayout(
      name: "block2", parameters: [Parameter("weight", Shape([1]), role: .weight)])
    var fleet = fleet(
      fixture, reference.localSteps,
      segments: [
        QuadraticFleet.Segment(layout: block, scalars: [0, 1, 3]),
        QuadraticFleet.Segment(layout: deep, scalars: [2]),
      ], covered: [1: ["block1"]])
    fleet.averaging = .fednova
    for (number, (selected, round)) in zip(fixture.rounds, reference.fednova).enumerated() {
      try fleet.round(selected)
      expect(fleet.values, round.model, "the model of round \(number + 1)")
    }
  }

  @Test func `there are references to compare with`() {
    #expect(Self.fixture?.cases.count == 3)
  }
}
