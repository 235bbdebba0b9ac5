package import Bytes
import Codecs
package import Datasets
package import Federation
import Foundation
import Ledger
package import Models
package import Neural
package import Progressive
package import Tensors
package import Topology
package import Wire

/// The model and the data of a run, and the rules by which they are dealt out and trained on.
///
/// Immutable and shared by all threads of a process.
package struct Workload: Sendable {
  /// The run's description.
  package let topology: Topology
  /// The samples, as far as this process has them.
  package let data: ClientData
  /// The broker's samples to test with, which nobody trains on; empty where it has none.
  package let test: Dataset
  /// The values that the model starts from; nil for random ones.
  package private(set) var start: StartingModel?
  private let networks: [NetworkOfStage]

  /// A workload with the data read from where the topology says; with none where it stays with the
  /// clients.
  ///
  /// - Throws: `DatasetError` if the data is missing or broken.
  package init(
    _ topology: Topology, by work: SampleWork = .onAllCores
  ) throws(DatasetError) {
    guard !topology.data.staysWithClients else {
      self.init(topology, data: .none)
      return
    }
    self.init(topology, data: .dealt(try topology.data.load(by: work)))
  }

  /// A workload with dealt data that was read before, or with the clients' own.
  package init(_ topology: Topology, data: ClientData) {
    self.topology = topology
    self.data = data
    test = data.split?.test ?? topology.data.emptySet
    networks = (1...topology.architecture.stages).map {
      NetworkOfStage(topology.subModel(stage: $0))
    }
  }

  /// The same workload, starting from the values of the safetensors file at `path`.
  ///
  /// - Throws: `StartingFileError`, or `StartingModelError` if the file's tensors don't fit the
  ///   model.
  package func starting(from path: String) throws -> Workload {
    var copy = self
    copy.start = try StartingFile(path: path).read(for: topology.architecture)
    return copy
  }

  /// The same workload, starting from the last model of the run in the directory at `path`, with
  /// all of its heads.
  ///
  /// - Throws: `StartingFileError` where that run keeps no model, or one that doesn't fit;
  ///   `LedgerError`.
  package func extending(_ path: String) throws -> Workload {
    let paths = RunPaths(URL(fileURLWithPath: path, isDirectory: true))
    let folder = paths.checkpoints.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: folder) else {
      throw StartingFileError.missing(path: folder)
    }
    guard let checkpoint = try CheckpointStore(directory: paths.checkpoints).latest().checkpoint
    else {
      throw LedgerError.damaged(path: folder, problem: "no checkpoint in it can be read")
    }
    let names = Set(
      topology.architecture.allLayouts.flatMap { layout in
        layout.parameters.map { "\(layout.name).\($0.name)" }
      })
    var copy = self
    do throws(StartingModelError) {
      copy.start = try StartingModel(
        SafeTensors(tensors: checkpoint.tensors.filter { names.contains($0.key) }, metadata: [:]),
        for: topology.architecture)
    } catch { throw StartingFileError.tensors(path: folder, error) }
    return copy
  }

  /// The bounds of what a broker may announce of the model.
  package var stepBounds: StepBounds {
    StepBounds(
      topology.architecture.allLayouts,
      smallTensorLimit: topology.codecs.down.smallTensorLimit)
  }

  /// The digest of the settings that broker and clients must agree on.
  package var planDigest: Digest { topology.planDigest }

  /// The segments that an update trained in `phase` covers, given the stage of its sub-model.
  package func trainedLayouts(_ phase: Phase, depth: Int) -> [ParameterLayout] {
    let names = Set(phase.trainedSegments(depth: depth).map(\.description))
    return network(stage: depth).layouts.filter { names.contains($0.name) }
  }

  /// The operations of training on one sample in `phase`, of what it trains.
  package func trainingFLOPs(_ phase: Phase) -> Double {
    let model = network(stage: phase.stage).model
    let trained = phase.segments.indices.filter { phase.trains(phase.segments[$0]) }
    return Double(model.trainingFLOPs(trainable: Set(trained)))
  }

  /// The layouts of all segments and of their control variates, by name.
  package var layouts: [String: ParameterLayout] {
    let segments = networks.flatMap(\.layouts)
    return Dictionary((segments + segments.map(\.controlVariate)).map { ($0.name, $0) }) {
      first, _ in first
    }
  }

  /// The sub-model of `stage`, from 1.
  package func network(stage: Int) -> NetworkOfStage { networks[stage - 1] }
}

/// A stage's sub-model and the layouts of its segments: blocks 1 to s, then head s.
package struct NetworkOfStage: Sendable {
  /// The sub-model.
  package let model: SubModel
  /// The segments' layouts, in the order of the wire.
  package let layouts: [ParameterLayout]

  init(_ model: SubModel) {
    self.model = model
    layouts = model.layouts
  }

  /// The network of a model that the program computes, as whoever asks for it knows that it does.
  package var network: Network {
    guard let network = model.network else {
      preconditionFailure("a network of a model that trainer programs compute")
    }
    return network
  }

  /// The index of the segment called `name`.
  func index(of name: String) -> Int? { layouts.firstIndex { $0.name == name } }
}

extension Workload {
  /// True if the number of a client's steps matters.
  package var countsSteps: Bool {
    topology.server.averaging == .fednova || topology.training.correction == .scaffold
  }

  /// The most steps that a client of so many samples can make in a round.
  package func mostSteps(samples: Int) -> Int {
    let training = topology.training
    return training.epochs * ((samples + training.batch - 1) / training.batch)
  }

  /// The local steps of an update as averaging counts them: ‖a‖₁ in FedNova, else 1 for all.
  package func localSteps(of offer: Offer) -> Double {
    guard topology.server.averaging == .fednova else { return 1 }
    return topology.training.localSteps.norm(of: offer.steps)
  }
}
