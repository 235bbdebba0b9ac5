package import Bytes
import Federation
import Foundation
package import Ledger
package import LocalTraining
import Measures
import Models
import Server
package import Tensors
import Topology

/// The answers of a run in virtual time so far, and the contents that are still needed to go on.
///
/// Beside it a run goes on from its ledger and the broker's own checkpoint.
package struct FleetSnapshot {
  /// An update that somebody still holds.
  package struct Update {
    /// Its bytes.
    package var buffer: SharedBuffer
    /// The memory of its client if it counts; nil where that is kept already, and where clients
    /// remember nothing.
    package var memory: ClientMemory?
  }

  /// The answers.
  package var journal = AnswerJournal()
  /// The run's duration so far, on the wall's clock.
  package var wallClock = Duration.zero
  /// The states of the last two models, by the first 8 bytes of their digests.
  package var states: [UInt64: ParameterVector] = [:]
  /// The states of the last model.
  package var current: Set<UInt64> = []
  /// The contents of the file of the clients' memories, by client.
  package var memories: [Int: [ClientStore.Entry]] = [:]
  /// The updates that are on their way or wait to count, by the numbers of their trainings.
  package var updates: [Int: Update] = [:]

  /// A snapshot of nothing.
  package init() {}

  /// The part that is kept as JSON.
  private struct Facts: Codable {
    var run: UInt64
    var wallClock: Double
    var current: [UInt64]
    var memories: [Int: [ClientStore.Entry]]
    var journal: AnswerJournal
  }

  /// The snapshot of the run of this number, as it is kept on disk.
  ///
  /// Values are flat: "state.<first 8 bytes>.block1", "update.<training>.block1"; bytes are
  /// "journal", JSON, and "update.<training>".
  package func content(round: Int, run: UInt64) throws -> Checkpoint {
    var content = Checkpoint(round: round, state: Data("{}".utf8))
    for (prefix, values) in states { content.keep([values], "state.\(prefix)") }
    for (number, update) in updates {
      content.bytes["update.\(number)"] = update.buffer.bytes
      content.keep(update.memory?.vectors ?? [], "update.\(number)")
    }
    let facts = Facts(
      run: run, wallClock: wallClock.seconds, current: current.sorted(),
      memories: memories, journal: journal)
    content.bytes["journal"] = Array(try JSONEncoder().encode(facts))
    return content
  }

  /// The snapshot that `content` is of a run of `workload` under the number `run`; nil unless it is
  /// one.
  package init?(_ content: Checkpoint, of workload: Workload, run: UInt64) {
    guard let bytes = content.bytes["journal"],
      let facts = try? JSONDecoder().decode(Facts.self, from: Data(bytes)), facts.run == run
    else { return nil }
    journal = facts.journal
    wallClock = .seconds(facts.wallClock)
    current = Set(facts.current)
    memories = facts.memories
    let layouts = workload.layouts
    let empty = ClientMemory(for: workload.topology)
    for (prefix, vectors) in content.vectors("state", layouts) {
      states[prefix] = vectors.first
    }
    let remembered = content.vectors("update", layouts)
    for (name, bytes) in content.bytes {
      guard name.hasPrefix("update."), let number = Int(name.dropFirst(7)) else { continue }
      let memory =
        empty.parts > 0 ? ClientMemory(remembered[UInt64(number)] ?? [], like: empty) : nil
      updates[number] = Update(buffer: SharedBuffer(bytes), memory: memory)
    }
  }
}

extension Checkpoint {
  /// Keeps vectors under a name followed by theirs.
  fileprivate mutating func keep(_ vectors: [ParameterVector], _ name: String) {
    for vector in vectors { tensors["\(name).\(vector.layout.name)"] = .flat(vector.scalars) }
  }

  /// The vectors that are kept under "`kind`.<number>.<their name>", by the number, in the order of
  /// their names.
  fileprivate func vectors(
    _ kind: String, _ layouts: [String: ParameterLayout]
  ) -> [UInt64: [ParameterVector]] {
    var found: [UInt64: [ParameterVector]] = [:]
    for (name, tensor) in tensors {
      let parts = name.split(separator: ".", maxSplits: 2)
      guard parts.count == 3, parts[0] == kind, let number = UInt64(parts[1]),
        let layout = layouts[String(parts[2])], layout.count == tensor.scalars.count
      else { continue }
      found[number, default: []].append(ParameterVector(layout: layout, scalars: tensor.scalars))
    }
    return found.mapValues { $0.sorted { $0.layout.name < $1.layout.name } }
  }
}
