import Bytes
import Foundation
import Ledger
import Tensors
import Wire

/// A place for memories that outlives its process: a folder with a file for each memory, there
/// whole or not at all.
///
/// A file is called `client-3.round-7.0123456789abcdef.memory`, by its client and the round and
/// digest of its update. In it are 4 bytes "PFCM", 4 bytes that say how long the header is, the
/// header (JSON: the names of the vectors, in order), their values and the CRC-32C of all before
/// it; numbers are little-endian. Nobody but its owner may read it.
struct MemoryFolder: MemoryPlace {
  private static let magic: UInt32 = 0x4d43_4650  // "PFCM"
  private static let suffix = ".memory"

  private struct Facts: Codable {
    var names: [String]
  }

  private let folder: URL
  /// The layouts by name of all that may be remembered.
  private let layouts: [String: ParameterLayout]
  private let storage: any Storage

  /// The folder at `folder`, which is made unless it is there, and the marks of what it holds.
  ///
  /// - Throws: `ClientStoreError`.
  init(
    at folder: URL, layouts: [String: ParameterLayout], on storage: any Storage = SystemStorage()
  ) throws(ClientStoreError) {
    self.folder = folder
    self.layouts = layouts
    self.storage = storage
    try Self.onDisk { () throws(LedgerError) in
      try DurableFile.makeDirectory(folder, on: storage)
    }
  }

  /// The marks of the memories that are here, the oldest rounds first.
  func marks() throws(ClientStoreError) -> [MemoryMark] {
    let names = try Self.onDisk { () throws(LedgerError) in
      try DurableFile.names(in: folder, on: storage)
    }
    return names.compactMap(Self.mark).sorted { $0.update.round < $1.update.round }
  }

  func keep(_ vectors: [ParameterVector], as mark: MemoryMark) throws(ClientStoreError) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * vectors.reduce(0) { $0 + $1.scalars.count } + 1024)
    // Strings always encode.
    let facts = (try? JSONEncoder().encode(Facts(names: vectors.map(\.layout.name)))) ?? Data()
    bytes.append(littleEndian: Self.magic)
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: facts.count))
    bytes += facts
    for vector in vectors { bytes.append(littleEndian: vector.scalars) }
    bytes.append(littleEndian: CRC32C.checksum(bytes))
    try Self.onDisk { () throws(LedgerError) in
      do throws(LedgerError) {
        try DurableFile.write(bytes, to: url(of: mark), mode: 0o600, on: storage)
      } catch .noFolder {
        // The folder was removed while the worker ran: without it no update would ever leave.
        try DurableFile.makeDirectory(folder, on: storage)
        try DurableFile.write(bytes, to: url(of: mark), mode: 0o600, on: storage)
      }
    }
  }

  func vectors(of mark: MemoryMark) throws(ClientStoreError) -> [ParameterVector]? {
    let (url, storage) = (url(of: mark), storage)
    do throws(LedgerError) {
      return try DurableFile.read(url, on: storage) { bytes throws(LedgerError) in
        guard let vectors = vectors(in: bytes) else {
          throw .damaged(
            path: url.path(percentEncoded: false), problem: "not what a client remembers")
        }
        return vectors
      }
    } catch {
      switch error {
      case .absent, .damaged: return nil
      default: throw .folder("\(error)")
      }
    }
  }

  func remove(_ mark: MemoryMark) {
    // What stays is dropped with what is kept next.
    try? DurableFile.remove(url(of: mark), on: storage)
  }

  /// Removes the folder if nothing is in it.
  func removeIfEmpty() { try? storage.removeDirectory(folder.path(percentEncoded: false)) }

  private func vectors(in bytes: [UInt8]) -> [ParameterVector]? {
    guard bytes.count >= 12, UInt32(littleEndianBytes: bytes[0..<4]) == Self.magic,
      let length = UInt32(littleEndianBytes: bytes[4..<8]), Int(length) <= bytes.count - 12,
      UInt32(littleEndianBytes: bytes.suffix(4)) == CRC32C.checksum(Array(bytes.dropLast(4))),
      let facts = try? JSONDecoder().decode(Facts.self, from: Data(bytes[8..<8 + Int(length)]))
    else { return nil }
    let known = facts.names.compactMap { layouts[$0] }
    var next = 8 + Int(length)
    guard known.count == facts.names.count,
      bytes.count - 4 - next == 4 * known.reduce(0, { $0 + $1.count })
    else { return nil }
    return known.compactMap { layout in
      let range = next..<next + 4 * layout.count
      next = range.upperBound
      return [Float](littleEndianBytes: bytes[range]).map {
        ParameterVector(layout: layout, scalars: $0)
      }
    }
  }

  private func url(of mark: MemoryMark) -> URL {
    let digits = String(mark.update.digest, radix: 16)
    let digest = String(repeating: "0", count: 16 - digits.count) + digits
    return folder.appending(
      path: "client-\(mark.client).round-\(mark.update.round).\(digest)\(Self.suffix)")
  }

  private static func mark(_ name: String) -> MemoryMark? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, name.hasSuffix(suffix), parts[0].hasPrefix("client-"),
      parts[1].hasPrefix("round-"), parts[2].count == 16,
      let client = Int(parts[0].dropFirst(7)), let round = Int(parts[1].dropFirst(6)),
      let digest = UInt64(parts[2], radix: 16)
    else { return nil }
    return MemoryMark(client: client, update: CountedUpdate(round: round, digest: digest))
  }

  /// Does what the disk may refuse.
  private static func onDisk<Value>(
    _ body: () throws(LedgerError) -> Value
  ) throws(ClientStoreError) -> Value {
    do throws(LedgerError) { return try body() } catch { throw .folder("\(error)") }
  }
}
