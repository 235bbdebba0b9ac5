import Datasets
import Foundation
import LocalTraining
import Models
import Tensors
import TestSupport
import Testing
import Topology

/// The scores of a model out of a file.
struct PredictionTests {
  private static func workload(
    _ bench: TrainingBench, in folder: Folder, dropping segment: String? = nil
  ) throws -> Workload {
    let values = bench.values.filter { $0.layout.name != segment }
    let tensors = values.flatMap { vector in
      vector.layout.parameters.indices.map { index in
        ("\(vector.layout.name).\(vector.layout.parameters[index].name)", vector.tensor(index))
      }
    }
    let file = SafeTensors(tensors: Dictionary(uniqueKeysWithValues: tensors), metadata: [:])
    let url = folder.url.appending(path: "model.safetensors")
    try Data(file.encoded()).write(to: url)
    return try bench.workload.starting(from: url.path)
  }

  @Test func `the scores are those of the logits that it gives`() throws {
    let (folder, bench) = (try Folder(), try TrainingBench(stage: 2))
    let prediction = try Prediction(Self.workload(bench, in: folder))
    let scores = try prediction.scores()
    let test = bench.workload.test
    #expect(scores.stage == 2 && scores.samples == test.count && test.count == 20)
    #expect(scores.dice == nil && scores.regions == [])
    let logits = try #require(try prediction.tensors(test.count).tensors["logits"])
    #expect(logits.shape == Shape([20, test.classes]))
    var (right, loss) = (0, 0.0)
    for sample in 0..<test.count {
      let row = (0..<test.classes).map { Double(logits.scalars[sample * test.classes + $0]) }
      let label = Int(test.labels[sample])
      right += row.indices.max { row[$0] < row[$1] } == label ? 1 : 0
      loss += log(row.reduce(0) { $0 + exp($1) }) - row[label]
    }
    #expect(scores.accuracy == Double(right) / 20)
    #expect(abs(scores.loss - loss / 20) < 1e-4)
    #expect(throws: PredictionError.noMasks(dataset: test.name)) { try prediction.masks(1) }
    // No more samples than there are.
    let tensors = try prediction.tensors(1000).tensors
    #expect(tensors["inputs"]?.shape.dimensions.first == 20)
  }

  @Test func `a file without a whole sub-model, and data without tests, are refused`() throws {
    let (folder, bench) = (try Folder(), try TrainingBench())
    let partial = try Self.workload(bench, in: folder, dropping: "head1")
    #expect(throws: PredictionError.noSubModel(path: "it")) { try Prediction(partial, from: "it") }
    #expect(throws: PredictionError.noSubModel(path: nil)) { try Prediction(bench.workload) }
    let data = try #require(bench.workload.data.split)
    let untested = try Workload(
      bench.workload.topology,
      data: .dealt(DatasetSplit(train: data.train, test: data.test.first(0)))
    ).starting(from: folder.path("model.safetensors"))
    _ = try Self.workload(bench, in: folder)
    let whole = try Workload(
      bench.workload.topology,
      data: .dealt(DatasetSplit(train: data.train, test: data.test.first(0)))
    ).starting(from: folder.path("model.safetensors"))
    #expect(throws: PredictionError.noSubModel(path: nil)) { try Prediction(untested) }
    #expect(throws: PredictionError.noSamples(dataset: data.test.name)) { try Prediction(whole) }
  }
}
