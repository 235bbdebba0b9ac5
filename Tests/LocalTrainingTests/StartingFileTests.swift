import Foundation
import LocalTraining
import Measures
import Models
import Tensors
import TestSupport
import Testing
import Topology

/// The files that runs start from.
struct StartingFileTests {
  private let folder: Folder
  private let bench: TrainingBench

  init() throws {
    (folder, bench) = (try Folder(), try TrainingBench())
  }

  private var architecture: Architecture { bench.workload.topology.architecture }

  private func tensors(_ values: [ParameterVector]) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: values.flatMap { vector in
        vector.layout.parameters.indices.map { index in
          ("\(vector.layout.name).\(vector.layout.parameters[index].name)", vector.tensor(index))
        }
      })
  }

  private func write(_ bytes: [UInt8], _ name: String = "model.safetensors") throws -> String {
    try Data(bytes).write(to: folder.url.appending(path: name))
    return folder.path(name)
  }

  private func error(_ path: String) -> StartingFileError? {
    do throws(StartingFileError) {
      _ = try StartingFile(path: path).read(for: architecture)
      return nil
    } catch { return error }
  }

  @Test func `a file of a sub-model gives its values`() throws {
    let file = SafeTensors(tensors: tensors(bench.values), metadata: [:])
    let path = try write(file.encoded())
    #expect(error(path) == nil)
    let start = try #require(try bench.workload.starting(from: path).start)
    #expect(start.stage == 1 && start.parameters(of: bench.layouts) == bench.values)
  }

  @Test func `a path at which nothing lies is named`() {
    let path = folder.path("absent")
    #expect(error(path) == .missing(path: path))
    #expect(
      error(path)?.description
        == "\(path): the model to start from isn't there; check --from or model.from")
  }

  @Test func `a directory can't be read, and one of a run names its models`() throws {
    guard case .unreadable(let path, _) = error(folder.url.path) else {
      Issue.record("a directory was read")
      return
    }
    #expect(path == folder.url.path)
    _ = try folder.write("", to: "run.sqlite")
    #expect(error(path) == .isRun(path: path, models: []))
    #expect(error(path)?.description.contains("without a model; let the run end first") == true)
    _ = try write([1], "model.safetensors")
    #expect(error(path) == .isRun(path: path, models: ["model.safetensors"]))
    #expect(
      error(path)?.description.hasSuffix("name a model in it: \(path)/model.safetensors") == true)
  }

  @Test func `an archive of torch.save tells how to write another file`() throws {
    let path = try write(Array("PK\u{3}\u{4}rest".utf8))
    #expect(error(path) == .archive(path: path))
    #expect(error(path)?.description.contains("safetensors.torch.save_file") == true)
  }

  @Test func `a file of another format or with other tensors says what is wrong`() throws {
    let text = try write(Array("hello, model".utf8), "text")
    guard case .format(text, _) = error(text) else {
      Issue.record("\(String(describing: error(text)))")
      return
    }
    var other = tensors(bench.values)
    other["head9.weight"] = Tensor(shape: Shape([1]), scalars: [0])
    let path = try write(SafeTensors(tensors: other, metadata: [:]).encoded())
    guard case .tensors(path, let problems) = error(path) else {
      Issue.record("\(String(describing: error(path)))")
      return
    }
    #expect(problems.description.contains("head9.weight"))
  }

  @Test func `a file that the model can't fill isn't read to its end`() throws {
    let huge = Array(repeating: UInt8(ascii: " "), count: 64 << 20)
    let path = try write(huge, "huge")
    guard case .tooLarge(path, let limit, "convnet") = error(path) else {
      Issue.record("\(String(describing: error(path)))")
      return
    }
    #expect(limit < huge.count)
  }
}
