import Federation
import Foundation
import Ledger
import LocalTraining
import Measures
import Tensors
import Wire

/// The memories of a scenario's clients, each on the disk of its worker's machine: the code of
/// real workers, on disks that fail.
///
/// A memory is made of the one before it and of the update with which it comes, so that it shows a
/// wrong turn anywhere on the way to it.
final class FaultMemories {
  /// A worker's machine, and what the client must find on it.
  private struct Machine {
    let disk: SimulatedDisk
    /// The store of the worker that is up; nil while none is.
    var store: ClientStore?
    /// The memory that came with each update.
    var made: [CountedUpdate: [Float]] = [:]
  }

  private static let folder = URL(fileURLWithPath: "/state", isDirectory: true)
  private static let layout = ParameterLayout(
    name: "block1", parameters: [Parameter("memory", [2], role: .weight)])

  private let run: UInt64
  private var machines: [Machine]
  private var chance: RandomStream
  /// True if the memory that was kept last is taken for the client's, which breaks a promise.
  private let takesLatest: Bool
  /// The times that a worker found what it had to remember.
  private(set) var recalls = 0

  /// Disks on which nothing is yet, whose losses are drawn from the scenario's seed.
  init(_ scenario: FaultScenario, mutation: Mutation?) {
    let neglect: DiskNeglect? = mutation == .syncsNoMemories ? .files : nil
    run = 1 + scenario.seed
    let losses = RandomStream(seed: scenario.seed).stream("fault memory losses")
    chance = losses
    takesLatest = mutation == .remembersLatest
    machines = (0..<scenario.clients).map { client in
      Machine(
        disk: SimulatedDisk(seed: losses.stream("disk", client).key, neglect: neglect))
    }
  }

  /// The counts of what was done to the disks.
  var tally: [DiskTally] { machines.map(\.disk.tally) }

  /// The disk of a client's worker.
  func disk(of client: Int) -> SimulatedDisk { machines[client].disk }

  /// A worker begins, and takes up what is there.
  func start(_ client: Int) throws {
    machines[client].disk.start()
    let store = try ClientStore(
      of: ClientMemory(keepsResiduals: true, keepsControlVariates: false),
      layouts: [Self.layout.name: Self.layout], at: Self.folder, on: machines[client].disk)
    try store.begin(run: run)
    machines[client].store = store
  }

  /// A worker is gone; its machine may have lost its power.
  func stop(_ client: Int) {
    machines[client].store = nil
    machines[client].disk.halt(losesPower: Bool.random(using: &chance))
  }

  /// A worker's client has no more part in the run.
  func forget(_ client: Int) { machines[client].store?.forget(client) }

  /// The fault of a client's memory as it begins to train, whose last update that counts is `due`;
  /// nil for none.
  func fault(of client: Int, in task: ClientTask, due: CountedUpdate?) -> String? {
    let machine = machines[client]
    guard due == task.counted else {
      return "it is told \(Self.name(task.counted)) as its last update that counts, not "
        + Self.name(due)
    }
    guard let due else { return nil }
    recalls += 1
    let update = takesLatest ? machine.store?.updates(of: client).last : due
    do {
      let memory = try machine.store?.memory(of: client, after: update)
      guard let values = memory?.vectors.first?.scalars else {
        return "what it remembers after \(Self.name(due)) is lost"
      }
      return values == machine.made[due] ? nil : "it remembers another thing"
    } catch {
      return "\(error)"
    }
  }

  /// Keeps what a client remembers if `offer` counts, made of what it remembers after `base`.
  func keep(_ offer: Offer, of client: Int, round: Int, after base: CountedUpdate?) throws {
    let update = CountedUpdate(offer, round: round)
    let before = base.flatMap { machines[client].made[$0] } ?? [0, 0]
    let stream = RandomStream(key: update.digest).stream("memory", Int(before[0]), Int(before[1]))
    // Numbers of 24 bits, which 32-bit floats hold.
    let values = (0..<2).map { Float(stream.value(at: $0) >> 40) }
    machines[client].made[update] = values
    let memory = ClientMemory(
      [ParameterVector(layout: Self.layout, scalars: values)],
      like: ClientMemory(keepsResiduals: true, keepsControlVariates: false))
    try machines[client].store?.keep(memory, of: client, as: update, after: base)
  }

  private static func name(_ update: CountedUpdate?) -> String {
    update.map { "that of round \($0.round)" } ?? "none"
  }
}
