import Bytes

extension Spool {
  /// What stands before each update in the file; integers are little-endian.
  ///
  /// 0 magic "PFSP" · 4 round, 4 bytes · 8 client, 4 · 12 attempt, 4 · 16 size, 8 ·
  /// 24 CRC-32C of the update, 4 · 28 CRC-32C of these 28 bytes, 4.
  struct Frame {
    static let size = 32
    private static let magic: UInt64 = 0x5053_4650  // "PFSP"

    let round: Int
    let entry: Entry

    init(round: Int, entry: Entry) {
      self.round = round
      self.entry = entry
    }

    /// The frame in 32 bytes; nil if they are none.
    init?(_ bytes: [UInt8]) {
      guard bytes.count == Self.size, Self.number(bytes[0..<4]) == Self.magic,
        Self.number(bytes[28..<32]) == UInt64(CRC32C.checksum(Array(bytes[0..<28]))),
        let size = Int(exactly: Self.number(bytes[16..<24]))
      else { return nil }
      round = Int(Self.number(bytes[4..<8]))
      entry = Entry(
        client: Int(Self.number(bytes[8..<12])), attempt: Int(Self.number(bytes[12..<16])),
        size: size, offset: 0, checksum: UInt32(truncatingIfNeeded: Self.number(bytes[24..<28])))
    }

    /// The entry, now that its place is known.
    func entry(at offset: Int) -> Entry {
      Entry(
        client: entry.client, attempt: entry.attempt, size: entry.size, offset: offset,
        checksum: entry.checksum)
    }

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      Self.append(Self.magic, 4, to: &bytes)
      Self.append(UInt64(round), 4, to: &bytes)
      Self.append(UInt64(entry.client), 4, to: &bytes)
      Self.append(UInt64(entry.attempt), 4, to: &bytes)
      Self.append(UInt64(entry.size), 8, to: &bytes)
      Self.append(UInt64(entry.checksum), 4, to: &bytes)
      Self.append(UInt64(CRC32C.checksum(bytes)), 4, to: &bytes)
      return bytes
    }

    private static func append(_ number: UInt64, _ count: Int, to bytes: inout [UInt8]) {
      precondition(count == 8 || number >> (8 * count) == 0, "\(number) in \(count) bytes")
      for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
