import Foundation
import Ledger
import LocalTraining
import Server
import Tensors
import TestSupport
import Testing

/// The models of a run on disk.
struct CheckpointWriterTests {
  private let workload: Workload
  private let folder: Folder
  private let paths: RunPaths

  init() throws {
    workload = try ServerBench.workload()
    folder = try Folder()
    paths = RunPaths(folder.url)
  }

  private func model(_ value: Float, after round: Int) -> SavedModel {
    SavedModel(
      round: round, stage: 1,
      parameters: workload.network(stage: 1).layouts.map {
        ParameterVector(layout: $0, scalars: Array(repeating: value, count: $0.count))
      })
  }

  @Test func `the best model is the first with the highest score`() throws {
    var writer = CheckpointWriter(paths, of: workload.topology)
    let scores: [Double?] = [nil, 0.2, 0.1, .nan, 0.3, 0.3]
    let best = scores.enumerated().map {
      writer.notes(model(Float($0), after: $0 + 1), score: $1)
    }
    #expect(best == [false, true, false, false, true, false])
    #expect(writer.best?.model.round == 5 && writer.best?.score == 0.3)
    try writer.saveBest()
    let file = try SafeTensors(decoding: Array(Data(contentsOf: paths.bestModel)))
    #expect(file.metadata["round"] == "5")
    #expect(file.tensors.values.allSatisfy { Set($0.scalars) == [4] })
  }

  @Test func `a file of a best model goes where there is none any more`() throws {
    try Data([1]).write(to: paths.bestModel)
    try CheckpointWriter(paths, of: workload.topology).saveBest()
    #expect(!FileManager.default.fileExists(atPath: paths.bestModel.path))
  }

  @Test func `a checkpoint is written whole, and reads as it was`() throws {
    let writer = CheckpointWriter(paths, of: workload.topology)
    var checkpoint = Checkpoint(round: 3, state: Data("{}".utf8))
    checkpoint.tensors["block1.weight"] = Tensor.flat([1, 2, 3])
    checkpoint.bytes["step.block1.0"] = [7, 8]
    try writer.write(checkpoint)
    let read = try #require(
      try CheckpointStore(directory: paths.checkpoints).latest().checkpoint)
    #expect(read.round == 3 && read.state == checkpoint.state)
    #expect(read.tensors == checkpoint.tensors && read.bytes == checkpoint.bytes)
    let names = try FileManager.default.contentsOfDirectory(atPath: paths.checkpoints.path)
    #expect(names == ["round-3.safetensors"])
  }

  @Test func `a checkpoint that can't be written leaves the one before it`() throws {
    let writer = CheckpointWriter(paths, of: workload.topology)
    try writer.write(Checkpoint(round: 1, state: Data("{}".utf8)))
    // A folder of the name under which the next one is written stands in the way.
    let partial = paths.checkpoints.appending(path: "round-2.safetensors.partial/x")
    try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
    #expect(throws: LedgerError.self) {
      try writer.write(Checkpoint(round: 2, state: Data("{}".utf8)))
    }
    let found = try CheckpointStore(directory: paths.checkpoints).latest()
    #expect(found.checkpoint?.round == 1 && found.damaged.isEmpty)
  }

  @Test func `the last model is told apart from another by its content`() throws {
    #expect(model(1, after: 1).digest == model(1, after: 2).digest)
    #expect(model(1, after: 1).digest != model(2, after: 1).digest)
    let writer = CheckpointWriter(paths, of: workload.topology)
    try writer.save(model(2, after: 4))
    let file = try SafeTensors(decoding: Array(Data(contentsOf: paths.model)))
    #expect(file.metadata["round"] == "4" && file.metadata["stage"] == "1")
  }
}
