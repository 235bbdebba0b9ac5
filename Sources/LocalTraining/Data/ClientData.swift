package import Datasets
import Foundation
package import Topology

/// The samples of a run as far as this process has them.
package enum ClientData: Sendable {
  /// One data set, which the topology deals out to the clients; its test samples are the broker's.
  case dealt(DatasetSplit)
  /// Clients' own samples, each at a path of its own on this machine.
  case own(OwnData)
  /// Samples that the trainer programs of this process have.
  case programs(TrainerPrograms)
  /// Clients' own samples, of which none are here: those of a broker.
  case none

  /// The dealt data set; nil where samples are the clients' own.
  package var split: DatasetSplit? {
    guard case .dealt(let split) = self else { return nil }
    return split
  }

  /// The samples that clients of this process own; nil where they are dealt, or elsewhere.
  package var own: OwnData? {
    guard case .own(let own) = self else { return nil }
    return own
  }

  /// The trainer programs that compute for the clients of this process; nil where it does itself.
  package var programs: TrainerPrograms? {
    guard case .programs(let programs) = self else { return nil }
    return programs
  }
}

extension ClientData {
  /// The samples of a process that plays `clients`, which lie where `path` says.
  ///
  /// - Parameters:
  ///   - topology: What samples look like and who owns them.
  ///   - path: The place of the clients' own samples, with `{client}` in it for several; or that of
  ///     a data set that is dealt out, in place of the topology's. Nil where none is given.
  ///   - clients: The clients that this process plays.
  ///   - cache: Keeps what is read of the clients' own samples.
  ///   - work: The threads that read, and who is told.
  ///   - said: Is told what people should know of trainer programs.
  /// - Throws: `DatasetError` if dealt samples can't be read or of the clients' own not one is
  ///   there, ``ClientPathsError``, ``LackingSamples``, ``TrainerStartError``.
  package init(
    _ topology: Topology, at path: String?, of clients: [Int],
    in cache: SampleCache = SampleCache(), by work: SampleWork = .onAllCores,
    said: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    guard !topology.data.source.isTrainers else {
      self = .programs(
        try TrainerPrograms(
          topology, of: clients, at: try path.map { try ClientPaths($0, clients: clients) },
          said: said))
      return
    }
    guard topology.data.staysWithClients else {
      self = .dealt(try topology.data.load(from: path, by: work))
      return
    }
    guard let path else { throw LackingSamples(topology: topology.file) }
    let own = OwnData(
      at: try ClientPaths(path, clients: clients), of: clients, as: topology.data, in: cache,
      by: work)
    try own.check()
    self = .own(own)
  }
}

/// The own samples of the clients that this process plays.
package struct OwnData: Sendable {
  /// The places of the samples.
  package let paths: ClientPaths
  /// The samples that are in memory.
  package let cache: SampleCache
  private let folders: [Int: OwnFolder]

  /// The samples of `clients` at `paths`, of which nothing is read yet.
  ///
  /// - Parameters:
  ///   - paths: The places of the samples.
  ///   - clients: The clients that this process plays.
  ///   - data: The looks of samples, and the share that is held out.
  ///   - limit: The most bytes that one client's samples may take.
  ///   - cache: Keeps what is read, for these clients alone.
  ///   - work: The threads that read, and who is told where there is one client.
  package init(
    at paths: ClientPaths, of clients: [Int], as data: DataSection,
    limit: Int = OwnSamples.standardLimit, in cache: SampleCache = SampleCache(),
    by work: SampleWork = .alone
  ) {
    self.paths = paths
    self.cache = cache
    let reader = OwnFolder.Reader(
      format: data.source.format ?? SampleFormat(), holdOut: data.holdOut, seed: data.holdOutSeed,
      telling: data.telling, limit: limit, work: work.part(of: clients.count))
    folders = Dictionary(
      clients.map { ($0, OwnFolder(paths[$0], of: $0, by: reader, in: cache)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// A client's folder or file; nil for a client of another process.
  package subscript(client: Int) -> OwnFolder? { folders[client] }

  /// The samples at `path`, for somebody who looks at them and plays no client: those of all
  /// clients of `topology` where the path has `{client}` in it, else one folder's, whoever owns it.
  ///
  /// - Throws: ``ClientPathsError``; `DatasetError.missing` if nothing is there.
  package init(
    seenAt path: String, of topology: Topology, by work: SampleWork = .onAllCores
  ) throws {
    let clients = path.contains(ClientPaths.mark) ? Array(0..<topology.clients) : [0]
    self.init(
      at: try ClientPaths(path, clients: clients), of: clients, as: topology.data, by: work)
    try check()
  }

  /// The clients, in rising order.
  package var clients: [Int] { folders.keys.sorted() }

  /// Reads all that wasn't read yet, on the threads of `pool`, and keeps as much of it as has room;
  /// what can't be read says so when it is asked for.
  package func read(on pool: TrainingPool) {
    let all = clients.compactMap { folders[$0] }
    pool.forEach(all.count) { index, _ in
      _ = all[index].summary()
    }
  }

  /// Refuses paths of which not one is there.
  ///
  /// - Throws: `DatasetError.missing`, which names the first.
  package func check() throws(DatasetError) {
    let paths = clients.map { self.paths[$0] }
    guard let first = paths.first,
      !paths.contains(where: { FileManager.default.fileExists(atPath: $0) })
    else { return }
    throw .missing(
      dataset: "own samples", path: first,
      remedy: "give the folder or file with the client's samples"
        + (paths.count > 1 ? "; none of the \(paths.count) clients has one" : ""))
  }
}
