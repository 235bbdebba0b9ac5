import Bytes
package import Foundation
import Ledger
package import Tensors
import Wire

extension ClientStore {
  /// The names and checksum of the values of one memory, which lie behind those of the memories
  /// before it and of clients of lower numbers.
  package struct Entry: Codable {
    /// The update with which it came.
    var update: CountedUpdate
    /// The names of what is remembered, in order.
    var names: [String]
    /// The CRC-32C of the values: 32-bit floats, little-endian.
    var checksum: UInt32
  }

  /// Writes what the clients remember to a new file, one after the other.
  ///
  /// It is on the disk when this returns; the folder that names it may not be.
  ///
  /// - Returns: The entries of each client in their places.
  /// - Throws: `ClientStoreError`, or `LedgerError` for a file that can't be written.
  package func save(to url: URL) throws -> [Int: [Entry]] {
    let path = url.path(percentEncoded: false)
    let file = try SystemStorage().open(path, for: .replacing, mode: 0o600)
    var entries: [Int: [Entry]] = [:]
    for client in clients {
      for update in updates(of: client) {
        guard let vectors = try memory(of: client, after: update)?.vectors else { continue }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * vectors.reduce(0) { $0 + $1.scalars.count })
        for vector in vectors { bytes.append(littleEndian: vector.scalars) }
        try file.write(bytes)
        entries[client, default: []].append(
          Entry(
            update: update, names: vectors.map(\.layout.name), checksum: CRC32C.checksum(bytes)))
      }
    }
    try file.sync()
    return entries
  }

  /// Takes up what a file says that the clients remembered.
  ///
  /// - Returns: True if it is as `entries` tell.
  /// - Throws: `ClientStoreError`, or `LedgerError` for a file that can't be read.
  package func load(
    _ entries: [Int: [Entry]], from url: URL, layouts: [String: ParameterLayout]
  ) throws -> Bool {
    func onDisk<Value>(_ body: () throws -> Value) throws(LedgerError) -> Value {
      do { return try body() } catch { throw DurableFile.translated(error, "read", url) }
    }
    let file = try onDisk { try FileHandle(forReadingFrom: url) }
    defer { try? file.close() }
    for (client, entries) in entries.sorted(by: { $0.key < $1.key }) {
      for entry in entries {
        let known = entry.names.compactMap { layouts[$0] }
        let count = known.reduce(0) { $0 + $1.count }
        let bytes = Array(try onDisk { try file.read(upToCount: 4 * count) ?? Data() })
        guard known.count == entry.names.count, bytes.count == 4 * count,
          CRC32C.checksum(bytes) == entry.checksum
        else { return false }
        var next = 0
        let vectors = known.compactMap { layout in
          let range = next..<next + 4 * layout.count
          next = range.upperBound
          return [Float](littleEndianBytes: bytes[range]).map {
            ParameterVector(layout: layout, scalars: $0)
          }
        }
        try add(ClientMemory(vectors, like: empty), of: client, as: entry.update)
      }
    }
    return true
  }
}
