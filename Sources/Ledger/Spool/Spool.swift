import Bytes
public import Foundation

/// The updates of the open round, on disk before they are acknowledged.
///
/// One file per round, to which updates are appended: a frame of 32 bytes (see `Frame`), then the
/// update. A torn last entry, as a kill leaves it, is recognized by its checksum and cut off.
/// Memory is a few words per update; their bytes are read back one at a time.
///
/// What an earlier process left is written again before it is confirmed. Its sync may have failed:
/// then the system reads the bytes back from memory, takes them for written, and loses them with
/// the power; a sync alone would change nothing about that.
public final class Spool {
  /// An update in the spool.
  public struct Entry: Hashable, Sendable {
    /// Its client.
    public let client: Int
    /// The client's attempt that brought it.
    public let attempt: Int
    /// Its size in bytes.
    public let size: Int
    /// The beginning of the bytes in the file.
    let offset: Int
    /// The CRC-32C of the bytes.
    let checksum: UInt32
  }

  /// The round whose updates these are.
  public let round: Int
  private let file: any StoredFile
  private var end: Int
  private var byClient: [Int: Entry] = [:]
  /// The failure after which nobody knows what is on the disk.
  private var failure: LedgerError?

  /// Opens the spool of `round`, with what a killed process left of it; other rounds' files go.
  public init(
    directory: URL, round: Int, on storage: any Storage = SystemStorage()
  ) throws(LedgerError) {
    precondition(round > 0, "rounds count from 1, not \(round)")
    try DurableFile.makeDirectory(directory, on: storage)
    let place = directory.appending(path: "round-\(round).spool")
    let aside = RunPaths.partial(place)
    let own = [place, aside].map(\.lastPathComponent)
    for other in try DurableFile.names(in: directory, on: storage)
    where other.hasPrefix("round-") && !own.contains(other) {
      try DurableFile.remove(directory.appending(path: other), on: storage)
    }
    if storage.kind(of: place.filePath) == nil, storage.kind(of: aside.filePath) != nil {
      try storage.rename(aside.filePath, to: place.filePath)  // as a stop left it, below
    }
    self.round = round
    // What clients send is for nobody else to read.
    file = try storage.open(place.filePath, for: .keeping, mode: 0o600)
    end = 0
    try recover()
    // What was found will be confirmed.
    try file.sync()
    // Its name may be in memory alone, as its bytes were: it is given again, too.
    try storage.rename(place.filePath, to: aside.filePath)
    try storage.rename(aside.filePath, to: place.filePath)
    try storage.syncDirectory(directory.filePath)
  }

  /// The updates in client order.
  public var entries: [Entry] { byClient.values.sorted { $0.client < $1.client } }

  /// The client's update, if it is there.
  public func entry(of client: Int) -> Entry? { byClient[client] }

  /// Keeps an update; it is on the disk when this returns.
  ///
  /// - Returns: True if it is new; false if that client's is there already, which stays.
  /// - Throws: ``LedgerError``; the update is then not in the spool.
  @discardableResult
  public func store(client: Int, attempt: Int, _ bytes: [UInt8]) throws(LedgerError) -> Bool {
    let new = try append(client: client, attempt: attempt, bytes)
    try sync()
    return new
  }

  /// Keeps an update that is on the disk only after ``sync()``, so that one wait serves many.
  ///
  /// - Returns: True if it is new; false if that client's is there already, which stays.
  /// - Throws: ``LedgerError``; the update is then not in the spool.
  @discardableResult
  public func append(client: Int, attempt: Int, _ bytes: [UInt8]) throws(LedgerError) -> Bool {
    precondition(client >= 0 && attempt >= 0, "attempt \(attempt) of client \(client)")
    if let failure { throw failure }
    guard byClient[client] == nil else { return false }
    let entry = Entry(
      client: client, attempt: attempt, size: bytes.count, offset: end + Frame.size,
      checksum: CRC32C.checksum(bytes))
    do throws(LedgerError) {
      try file.write(Frame(round: round, entry: entry).bytes)
      try file.write(bytes)
    } catch {
      failure = error
      try file.truncate(to: end)  // no half of it may stay in the way of the next
      failure = nil
      throw error
    }
    end = entry.offset + entry.size
    byClient[client] = entry
    return true
  }

  /// Waits until all that was appended is on the disk.
  ///
  /// - Throws: ``LedgerError``, then and at each later call of a spool of this file: what was
  ///   appended may never reach the disk, although a sync that is tried again succeeds.
  public func sync() throws(LedgerError) {
    KillPoint.updateAppended.pass()
    if let failure { throw failure }
    do throws(LedgerError) { try file.sync() } catch {
      failure = error
      throw error
    }
  }

  /// The bytes of an update.
  public func read(_ entry: Entry) throws(LedgerError) -> [UInt8] {
    guard let bytes = try update(entry) else {
      throw .damaged(
        path: file.path, problem: "the update of client \(entry.client) fails its checksum")
    }
    return bytes
  }

  /// The bytes of an update; nil if they aren't those that its frame tells of.
  private func update(_ entry: Entry) throws(LedgerError) -> [UInt8]? {
    try file.read(entry.size, at: entry.offset) { bytes in
      bytes.count == entry.size && CRC32C.checksum(bytes) == entry.checksum
    }
  }

  /// Forgets all updates; the round is over.
  public func clear() throws(LedgerError) {
    try file.truncate(to: 0)
    end = 0
    byClient = [:]
  }

  /// Lists the whole entries that the file holds and writes them again, each in its place, and cuts
  /// off the rest.
  private func recover() throws(LedgerError) {
    let size = try file.size()
    while size - end >= Frame.size {
      let header = try file.read(Frame.size, at: end) { Frame($0) != nil }
      guard let header, let frame = Frame(header), frame.round == round,
        frame.entry.size <= size - end - Frame.size
      else { break }
      let entry = frame.entry(at: end + Frame.size)
      guard let bytes = try update(entry) else { break }
      // The same bytes over what is there: no cut in between can spoil what was whole.
      try file.seek(to: end)
      try file.write(header)
      try file.write(bytes)
      if byClient[entry.client] == nil { byClient[entry.client] = entry }
      end = entry.offset + entry.size
    }
    try file.truncate(to: end)
  }
}

extension Spool {
  /// The header of each update in the file; integers are little-endian.
  ///
  /// 0 magic "PFSP" · 4 round, 4 bytes · 8 client, 4 · 12 attempt, 4 · 16 size, 8 ·
  /// 24 CRC-32C of the update, 4 · 28 CRC-32C of these 28 bytes, 4.
  struct Frame {
    static let size = 32
    private static let magic: UInt32 = 0x5053_4650  // "PFSP"

    let round: Int
    let entry: Entry

    init(round: Int, entry: Entry) {
      self.round = round
      self.entry = entry
    }

    /// The frame in 32 bytes; nil if they are none.
    init?(_ bytes: [UInt8]) {
      guard bytes.count == Self.size else { return nil }
      let frame = OrderedBytes(bytes)
      func word(_ offset: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: frame.unsigned(at: offset, width: 4))
      }
      guard word(0) == Self.magic, word(28) == CRC32C.checksum(Array(bytes[0..<28])),
        let size = Int(exactly: frame.unsigned(at: 16, width: 8))
      else { return nil }
      round = Int(word(4))
      entry = Entry(
        client: Int(word(8)), attempt: Int(word(12)), size: size, offset: 0, checksum: word(24))
    }

    /// The entry, now that its place is known.
    func entry(at offset: Int) -> Entry {
      Entry(
        client: entry.client, attempt: entry.attempt, size: entry.size, offset: offset,
        checksum: entry.checksum)
    }

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(littleEndian: Self.magic)
      for number in [round, entry.client, entry.attempt] {
        bytes.append(littleEndian: UInt32(number))
      }
      bytes.append(littleEndian: UInt64(entry.size))
      bytes.append(littleEndian: entry.checksum)
      bytes.append(littleEndian: CRC32C.checksum(bytes))
      return bytes
    }
  }
}
