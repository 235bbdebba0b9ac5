package import Foundation
package import Ledger
import Models
import Synchronization
package import Tensors
import Topology
package import Wire

/// The memories of a worker's clients from round to round, on disk.
///
/// A memory is kept under the update with which it came before that is offered, beside the ones
/// before it: which of them is the client's is for the broker to say, as it alone knows which
/// updates count. So an acknowledgement that is lost, a round that is discarded, and a broker that
/// goes back to an earlier checkpoint change nothing of what a client remembers.
///
/// Where a folder is given, memories outlive the process, however that ends.
package final class ClientStore: Sendable {
  /// The memory of a client that has never taken part.
  let empty: ClientMemory
  /// The layouts by name of all that may be remembered.
  private let layouts: [String: ParameterLayout]
  /// The folder with a folder for each run; nil where all goes with the process.
  private let folder: URL?
  /// The file system of the folder.
  private let storage: any Storage

  private struct State {
    var run: UInt64?
    var place: any MemoryPlace
    /// The updates whose memories are here, by client, in the order in which they were kept.
    var updates: [Int: [CountedUpdate]] = [:]
    /// The number of values of each memory that was kept by this process.
    var counts: [MemoryMark: Int] = [:]
  }

  private let state: Mutex<State>

  /// An empty store, whose memories go with the process.
  ///
  /// - Parameters:
  ///   - empty: The memory of a client that has never taken part.
  ///   - parameters: The number of values of the largest sub-model.
  ///   - directory: The folder of the file.
  /// - Throws: `ClientStoreError` if it can't be made.
  package init(
    of empty: ClientMemory, parameters: Int, in directory: String = NSTemporaryDirectory()
  ) throws(ClientStoreError) {
    self.empty = empty
    (layouts, folder, storage) = ([:], nil, SystemStorage())
    let place = try ScratchMemory(capacity: 4 * parameters * empty.parts, in: directory)
    state = Mutex(State(place: place))
  }

  /// A store of memories in `folder`, which outlive the process; empty before a run begins.
  ///
  /// - Throws: `ClientStoreError` if the folder can't be made.
  package init(
    of empty: ClientMemory, layouts: [String: ParameterLayout], at folder: URL,
    on storage: any Storage = SystemStorage()
  ) throws(ClientStoreError) {
    self.empty = empty
    (self.layouts, self.folder, self.storage) = (layouts, folder, storage)
    state = Mutex(State(place: try MemoryFolder(at: folder, layouts: layouts, on: storage)))
  }

  /// A store for the clients of `workload`, in `folder` where one is given; nil where clients
  /// remember nothing.
  ///
  /// - Throws: `ClientStoreError` if it can't be made.
  package convenience init?(
    for workload: Workload, in folder: URL? = nil
  ) throws(ClientStoreError) {
    let empty = ClientMemory(for: workload.topology)
    guard empty.parts > 0 else { return nil }
    if let folder {
      try self.init(of: empty, layouts: workload.layouts, at: folder)
      return
    }
    // All heads of a stage are there where all of them supervise.
    let largest = (1...workload.topology.architecture.stages)
      .map { workload.network(stage: $0).layouts.reduce(0) { $0 + $1.count } }.max()
    try self.init(of: empty, parameters: largest ?? 0)
  }

  /// Takes up what a folder holds of a run, by its number.
  ///
  /// - Throws: `ClientStoreError` if it can't be read.
  package func begin(run: UInt64) throws(ClientStoreError) {
    guard let folder, state.withLock({ $0.run }) != run else { return }
    let digits = String(run, radix: 16)
    let name = String(repeating: "0", count: 16 - digits.count) + digits
    let place = try MemoryFolder(
      at: folder.appending(path: name, directoryHint: .isDirectory), layouts: layouts, on: storage)
    let marks = try place.marks()
    state.withLock { state in
      state = State(run: run, place: place)
      for mark in marks { state.updates[mark.client, default: []].append(mark.update) }
    }
  }

  /// The memory that a client has after the update `counted`, its last one that counts; nil if it
  /// is lost.
  ///
  /// After none there is nothing to remember.
  package func memory(
    of client: Int, after counted: CountedUpdate?
  ) throws(ClientStoreError) -> ClientMemory? {
    guard let counted else { return empty }
    let vectors = try place.vectors(of: MemoryMark(client: client, update: counted))
    return vectors.map { ClientMemory($0, like: empty) }
  }

  /// Keeps what a client remembers if `update` counts, beside what it remembers after `base`, from
  /// which it was trained.
  ///
  /// In a folder it is on the disk when this returns. What can no longer be of use goes.
  package func keep(
    _ memory: ClientMemory, of client: Int, as update: CountedUpdate, after base: CountedUpdate?
  ) throws(ClientStoreError) {
    try add(memory, of: client, as: update)
    let before = updates(of: client).filter { $0 != update }
    let kept = stillOfUse(before, update, after: base)
    for other in before where !kept.contains(other) { remove(other, of: client) }
  }

  /// Keeps a memory of a client beside all others.
  func add(
    _ memory: ClientMemory, of client: Int, as update: CountedUpdate
  ) throws(ClientStoreError) {
    let (vectors, mark) = (memory.vectors, MemoryMark(client: client, update: update))
    try place.keep(vectors, as: mark)
    state.withLock { state in
      state.updates[client, default: []].removeAll { $0 == update }
      state.updates[client, default: []].append(update)
      state.counts[mark] = vectors.reduce(0) { $0 + $1.scalars.count }
    }
  }

  private func remove(_ update: CountedUpdate, of client: Int) {
    let mark = MemoryMark(client: client, update: update)
    state.withLock { state in
      state.updates[client]?.removeAll { $0 == update }
      if state.updates[client]?.isEmpty == true { state.updates[client] = nil }
      state.counts[mark] = nil
    }
    place.remove(mark)
  }

  /// The updates of `before` that may yet be told to be a client's last one that counts.
  ///
  /// Beside `base` that is another try of the round of `update`, which an earlier worker may have
  /// sent. A broker that goes back to its last checkpoint but one tells of an earlier one than
  /// `base`; in virtual time none does.
  private func stillOfUse(
    _ before: [CountedUpdate], _ update: CountedUpdate, after base: CountedUpdate?
  ) -> Set<CountedUpdate> {
    let other = before.last { $0 != base && $0.round == update.round }
    let earlier = base.flatMap { base in before.last { $0.round < base.round } }
    return Set([base, other, folder == nil ? nil : earlier].compactMap(\.self))
  }

  /// The clients that have memories here.
  package var clients: [Int] { state.withLock { $0.updates.keys.sorted() } }

  /// The updates of a client whose memories are here, in the order in which they were kept.
  package func updates(of client: Int) -> [CountedUpdate] {
    state.withLock { $0.updates[client] ?? [] }
  }

  /// The number of bytes of the memories that this process kept.
  package var byteCount: Int { state.withLock { 4 * $0.counts.values.reduce(0, +) } }

  /// Drops all that a client remembers, as its part of the run is over.
  package func forget(_ client: Int) {
    for update in updates(of: client) { remove(update, of: client) }
    // Another worker may keep its clients' memories there.
    (place as? MemoryFolder)?.removeIfEmpty()
  }

  private var place: any MemoryPlace { state.withLock { $0.place } }
}
