import Measures
import Models
import Tensors
import Testing

@Suite struct `Fresh parameters` {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func `are uniform within one over the root of the fan-in`(seed: UInt64) throws {
    let architecture = try Zoo.architecture(named: "convnet")
    let vectors = architecture.initialize(stage: 3, random: RandomStream(seed: seed))
    for (segment, parameter, fanIn) in [(0, 0, 9), (1, 0, 288), (1, 1, 288), (2, 0, 9216)] {
      let scalars = vectors[segment].tensor(parameter).scalars.map(Double.init)
      let bound = 1 / Double(fanIn).squareRoot()
      #expect(scalars.allSatisfy { abs($0) <= bound })
      let (count, mean) = (Double(scalars.count), scalars.reduce(0, +) / Double(scalars.count))
      let variance = scalars.reduce(0) { $0 + $1 * $1 } / count
      // Five standard errors of the mean and of the mean square of a uniform variable.
      #expect(abs(mean) < 5 * bound / (3 * count).squareRoot())
      #expect(abs(variance - bound * bound / 3) < 5 * bound * bound * 0.3 / count.squareRoot())
    }
  }

  @Test func `depend on the seed and the segment alone`() throws {
    let architecture = try Zoo.architecture(named: "convnet")
    let random = RandomStream(seed: 4)
    let full = architecture.initialize(stage: 3, random: random)
    #expect(architecture.initialize(segment: 1, stage: 2, random: random) == full[1])
    #expect(architecture.initialize(stage: 1, random: random)[0] == full[0])
    #expect(architecture.initialize(stage: 1, random: RandomStream(seed: 5))[0] != full[0])
    #expect(full[0].tensor(0) != full[1].tensor(0))
  }

  @Test func `of normalizations are the identity`() {
    let layout = ParameterLayout(
      name: "n",
      parameters: [
        Parameter("bn.weight", [3], role: .scale), Parameter("bn.bias", [3], role: .scale),
        Parameter("bn.running_mean", [2], role: .buffer),
        Parameter("bn.running_var", [2], role: .buffer),
      ])
    let vector = ParameterVector(initializing: layout, random: RandomStream(seed: 1))
    #expect(vector.scalars == [1, 1, 1, 0, 0, 0, 0, 0, 1, 1])
  }
}
