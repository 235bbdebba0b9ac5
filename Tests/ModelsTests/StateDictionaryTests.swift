import Foundation
import Models
import Neural
import Tensors
import Testing

/// Files that another library wrote, by Fixtures/generate.py.
@Suite struct `A state dictionary` {
  private func architecture() throws -> Architecture {
    try Architecture(
      name: "small", input: [1, 4, 4], classes: 2,
      blocks: [
        Block(
          "block1",
          [
            .convolution(ConvolutionLayer("conv1", outputs: 2, window: 3, padding: 1, bias: false)),
            .normalization(NormalizationLayer("norm1", .batch(momentum: 0.1))), .relu,
          ])
      ],
      heads: [Block("head1", [.globalAveragePooling, .linear(LinearLayer("fc", outputs: 2))])])
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    let url = try #require(
      Bundle.module.url(
        forResource: name, withExtension: "safetensors", subdirectory: "Fixtures"))
    return [UInt8](try Data(contentsOf: url))
  }

  private func problems(_ name: String) throws -> [String] {
    let (file, architecture) = (try SafeTensors(decoding: bytes(name)), try architecture())
    do throws(StartingModelError) {
      _ = try StartingModel(file, for: architecture)
      return []
    } catch { return error.problems.map(\.description) }
  }

  @Test(arguments: ["batchnorm", "halves"])
  func `comes back, with its count of batches passed over`(name: String) throws {
    let model = try StartingModel(SafeTensors(decoding: bytes(name)), for: architecture())
    #expect(model.stage == 1)
    let block = try #require(model.segments["block1"])
    #expect(
      block.scalars == (0..<18).map { Float($0) / 8 } + [0, 0.125, 0, 0.125, 0, 0.125, 0, 0.125])
    #expect(model.segments["head1"]?.scalars == [0, 0.125, 0.25, 0.375, 0, 0.125])
  }

  @Test func `of doubles is told which of its tensors are to be made narrower`() throws {
    let problems = try problems("doubles")
    #expect(problems.count == 7)
    #expect(
      problems.first
        == "block1.conv1.weight, 2×1×3×3 of F64, must be 2×1×3×3 of F32, F16 or BF16; "
        + "in PyTorch, .float() makes it so")
  }

  @Test func `has nothing else in it, or it is told by name and type`() throws {
    #expect(
      try problems("extra") == [
        "block1.norm2.num_batches_tracked, a single I64, isn't a tensor of this model",
        "flags, 5 of BOOL, isn't a tensor of this model",
        "mask, 6 of U8, isn't a tensor of this model",
        "more, 3 of F16, isn't a tensor of this model",
        "most, 2×2 of F32, isn't a tensor of this model",
        "nothing, 0×4 of F32, isn't a tensor of this model",
      ])
  }

  @Test func `tells what is in it before it is read`() throws {
    let contents = try #require(SafeTensors.contents(ofHeader: bytes("extra")))
    #expect(contents["mask"] == SafeTensors.UnreadTensor(type: "U8", shape: [2, 3]))
    #expect(StartingModel.unknown(in: contents, of: try architecture()).count == 6)
    #expect(try SafeTensors.contents(ofHeader: Array(bytes("extra").prefix(100))) == nil)
  }
}
