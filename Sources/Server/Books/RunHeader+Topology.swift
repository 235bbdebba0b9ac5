import Codecs
import Federation
package import Foundation
package import Ledger
import Measures
import Models
import Neural
import Progressive
package import Topology
import Wire
package import ZMTP

extension RunHeader {
  /// The header of a run of `topology` over real sockets, or in simulated time.
  package init(
    _ topology: Topology, seed: UInt64, transport: String, clock: String = "real",
    mechanism: ZMTPCost.Mechanism = .null, start: Date = .now
  ) {
    let architecture = topology.architecture
    let stages = (1...architecture.stages).map { stage in
      StageDescription(
        stage: stage, parameters: topology.subModel(stage: stage).parameterCount,
        flopsPerSample: Double(topology.subModel(stage: stage).trainingFLOPs),
        memory: topology.memory(stage: stage))
    }
    self.init(
      name: topology.name, seed: seed, clock: clock, transport: transport,
      model: ModelDescription(
        name: architecture.name,
        parameters: architecture.parameterCount(stage: architecture.stages), stages: stages),
      strategy: topology.strategy.rawValue,
      codecs: CodecNames(
        down: "\(topology.codecs.down.spec)", up: "\(topology.codecs.up.spec)"),
      plannedRounds: topology.rounds,
      framing: ChunkFraming(
        size: ByteCount(topology.limits.chunkBytes), overhead: Self.chunkOverhead(mechanism)),
      start: start.formatted(.iso8601),
      groups: topology.fleet.groups.map { group in
        .init(
          name: topology.fleet.isPlain ? "clients" : group.name, clients: group.clients.count,
          link: group.linkName)
      },
      extends: topology.overrides.extended?.origin.map { origin in
        ExtendedRun(run: origin.run, rounds: origin.rounds, modelDigest: origin.modelDigest)
      })
  }

  /// The bytes that a full chunk of a model adds to its payload on the wire.
  private static func chunkOverhead(_ mechanism: ZMTPCost.Mechanism) -> ByteCount {
    let topic = Topic.step("0123456789abcdef").text
    let header = Header(run: .max, epoch: 1, round: 100, stage: 3)
    let envelope = Envelope.frame(
      Message(header, Downlink.modelChunk(step: .max, offset: 1 << 20, length: 1 << 18)))
    let payload = 1 << 18
    return ZMTPCost(mechanism).message([topic.utf8.count, envelope.count, payload])
      - ByteCount(payload)
  }
}
