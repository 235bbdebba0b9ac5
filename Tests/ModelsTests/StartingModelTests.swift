import Measures
import Models
import Tensors
import Testing

@Suite struct `A model to start from` {
  private let architecture: Architecture

  init() throws { architecture = try Zoo.architecture(named: "convnet") }

  /// The sub-model of a stage, as a run exports it.
  private func file(stage: Int) -> SafeTensors {
    var tensors: [String: Tensor] = [:]
    for vector in architecture.initialize(stage: stage, random: RandomStream(seed: 5)) {
      for (index, parameter) in vector.layout.parameters.enumerated() {
        tensors["\(vector.layout.name).\(parameter.name)"] = vector.tensor(index)
      }
    }
    return SafeTensors(tensors: tensors)
  }

  private func problems(_ file: SafeTensors) -> [StartingModelError.Problem] {
    do throws(StartingModelError) {
      _ = try StartingModel(file, for: architecture)
      return []
    } catch { return error.problems }
  }

  @Test(arguments: 1...3)
  func `is the blocks and heads that a run has left`(stage: Int) throws {
    let model = try StartingModel(file(stage: stage), for: architecture)
    #expect(model.stage == stage)
    let layouts = architecture.layouts(stage: stage)
    #expect(
      model.parameters(of: layouts)
        == architecture.initialize(stage: stage, random: RandomStream(seed: 5)))
    #expect(model.segments["head\(stage % 3 + 1)"] == nil)
  }

  @Test func `needs no head`() throws {
    var file = file(stage: 2)
    file.tensors = file.tensors.filter { !$0.key.hasPrefix("head") }
    let model = try StartingModel(file, for: architecture)
    #expect(model.stage == nil)
    #expect(model.segments.keys.sorted() == ["block1", "block2"])
  }

  @Test func `has all tensors of its blocks, in their shapes, and no others`() {
    var file = file(stage: 3)
    file.tensors["block2.conv2.bias"] = nil
    file.tensors["block1.conv1.weight"] = Tensor(zeros: [32, 3, 3])
    file.tensors["block3.fc1.weight"]?.scalars[7] = .nan
    file.tensors["block4.fc1.weight"] = Tensor(zeros: [3])
    file.tensors["conv1.weight"] = Tensor(zeros: [32, 1, 3, 3])
    #expect(
      problems(file) == [
        .shape("block1.conv1.weight", found: [32, 3, 3], needed: [32, 1, 3, 3]),
        .missing("block2.conv2.bias", needed: [64]), .notFinite("block3.fc1.weight", place: 7),
        .unknown("block4.fc1.weight", found: .init(type: "F32", shape: [3])),
        .unknown("conv1.weight", found: .init(type: "F32", shape: [32, 1, 3, 3])),
      ])
  }

  @Test func `has no gap between its blocks`() {
    var file = file(stage: 3)
    file.tensors = file.tensors.filter { !$0.key.hasPrefix("block2") }
    #expect(problems(file) == [.noBlock("block2")])
    file.tensors = file.tensors.filter { !$0.key.hasPrefix("block1") }
    #expect(problems(file) == [.noBlock("block1")])
    file.tensors = [:]
    #expect(problems(file) == [.noBlock("block1")])
  }

  @Test func `tells all that is wrong, but not endlessly`() throws {
    var file = SafeTensors(tensors: [:])
    for number in 0..<50 { file.tensors["other\(number).weight"] = Tensor(zeros: [1]) }
    let error = #expect(throws: StartingModelError.self) {
      try StartingModel(file, for: architecture)
    }
    #expect(error?.problems.count == 50)
    #expect(error?.description.contains("and 30 more") == true)
  }
}
