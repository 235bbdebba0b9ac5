import Bytes
import Codecs
import Federation
import Foundation
import LocalTraining
import Measures
import Models
import Synchronization
import Tensors
import TestSupport
import Testing
import Topology
import Wire

/// The test trainer's program, and what it needs to be asked for an update.
final class TrainerBench {
  let folder: Folder
  let topology: Topology
  let workload: Workload
  let programs: TrainerPrograms
  let pool = TrainingPool(width: 1)

  private final class Ear: Sendable {
    let said = Mutex<[String]>([])
  }

  private let ear = Ear()

  /// A bench whose program is called with `arguments`.
  ///
  /// - Parameters:
  ///   - arguments: What the program does wrong.
  ///   - data: Where the clients' samples are said to be.
  ///   - change: Makes another text of the topology's.
  /// - Throws: what keeps the program from being of use.
  init(
    _ arguments: [String] = [], data: String? = nil, change: (String) -> String = { $0 }
  ) throws {
    folder = try Folder()
    let path = try TestTrainer.write(
      into: folder.url, topology: change(TestTrainer.topology(arguments: arguments)))
    topology = try Topology(contentsOf: path)
    let clients = Array(0..<topology.clients)
    let data = try ClientData(
      topology, at: data, of: clients,
      said: { [ear] line in ear.said.withLock { $0.append(line) } })
    workload = Workload(topology, data: data)
    programs = try #require(data.programs)
  }

  /// What people were told so far.
  var lines: [String] { ear.said.withLock { $0 } }

  /// The values that every test begins with.
  func values(stage: Int) -> [ParameterVector] {
    topology.architecture.initialize(stage: stage, random: RandomStream(seed: 3))
  }

  /// The training of a client, of the segments `trained` or of all.
  func train(
    client: Int = 0, round: Int = 1, stage: Int = 1, trained: Set<String>? = nil,
    rate: Float = 0.1, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> LocalResult {
    let task = task(client: client, round: round, stage: stage, trained: trained, rate: rate)
    let shares = try workload.shares(seed: 7)
    var training = LocalTraining(
      workload: workload, task: task, client: client, seed: 7,
      states: values(stage: stage).map { SegmentState($0) },
      learner: try shares.learner(of: client), memories: nil)
    training.isCancelled = isCancelled
    let result = Mutex<LocalResult?>(nil)
    pool.forEach(1) { [training] _, lane in
      let own = training.run(on: lane)
      result.withLock { $0 = own }
    }
    return try #require(result.withLock { $0 })
  }

  /// The evaluation by a client.
  func evaluate(client: Int = 0, stage: Int = 1) throws -> LocalScores {
    let task = task(client: client, round: 1, stage: stage, trained: nil, rate: 0.1)
    let evaluation = LocalEvaluation(
      workload: workload, task: task, client: client, seed: 7,
      states: values(stage: stage).map { SegmentState($0) },
      learner: try workload.shares(seed: 7).learner(of: client))
    let result = Mutex<LocalScores?>(nil)
    pool.forEach(1) { _, lane in
      let own = evaluation.run(on: lane)
      result.withLock { $0 = own }
    }
    return try #require(result.withLock { $0 })
  }

  private func task(
    client: Int, round: Int, stage: Int, trained: Set<String>?, rate: Float
  ) -> ClientTask {
    let segments = values(stage: stage).map { values in
      Segment(
        name: values.layout.name, state: Digest(state: values),
        trained: trained?.contains(values.layout.name) ?? true, steps: [])
    }
    let announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 1000, learningRate: rate,
      newBlockRate: 1, selected: [client], segments: segments,
      updateCodec: topology.codecs.up.spec)
    return ClientTask(round: round, stage: stage, announce: announce, steps: [])
  }

  /// The values of an update, segment by segment.
  func update(
    _ result: LocalResult, stage: Int = 1, trained: Set<String>? = nil
  ) throws -> [ParameterVector] {
    guard case .trained(_, let buffer, _) = result else { throw Unexpected(what: "\(result)") }
    let covered = topology.layouts(stage: stage).filter { trained?.contains($0.name) ?? true }
    return try zip(try UpdateFraming.split(buffer.bytes, count: covered.count), covered).map {
      try topology.codecs.up.decode($0, layout: $1)
    }
  }

  /// A result that a test doesn't reckon with.
  struct Unexpected: Error { var what: String }
}
