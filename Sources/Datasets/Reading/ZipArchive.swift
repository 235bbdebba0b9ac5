import Bytes
import CZlib

/// The entries of a ZIP archive (APPNOTE 6.3), stored or deflated, as NumPy writes `.npz`.
struct ZipArchive: ~Copyable {
  /// An entry of the directory.
  struct Entry {
    /// The name.
    var name: String
    /// The number of bytes in the archive.
    var packed: Int
    /// The number of bytes that it unpacks to.
    var size: Int
    /// The checksum of the unpacked bytes.
    var checksum: UInt32
    /// The kind of packing: 0 none, 8 deflate.
    var method: Int
    /// The place of the entry's own header.
    var offset: Int
    /// True if a password is needed.
    var isEncrypted: Bool
  }

  /// The entries in the directory's order.
  let entries: [Entry]
  private let file: RandomFile
  private let limit: Int

  /// Reads the directory of the archive at `path`, whose entries may unpack to `limit` bytes each.
  init(path: String, limit: Int) throws(DatasetError) {
    let file = try RandomFile(path: path)
    // The end of the directory stands before a comment of 65,535 bytes at most.
    let tail = try file.read(min(file.size, 22 + 65_535), at: max(0, file.size - 22 - 65_535))
    guard let end = Self.end(in: tail) else {
      throw Self.fault(path, "the end of its directory is missing")
    }
    var (count, size, offset) = (
      Self.word(tail, end + 10, 2), Self.word(tail, end + 12, 4), Self.word(tail, end + 16, 4)
    )
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      guard end >= 20, Self.word(tail, end - 20, 4) == 0x0706_4B50 else {
        throw Self.fault(path, "its directory is longer than it says")
      }
      let large = try file.read(56, at: Self.word(tail, end - 12, 8))
      guard Self.word(large, 0, 4) == 0x0606_4B50 else {
        throw Self.fault(path, "its directory isn't where it should be")
      }
      (count, size, offset) = (
        Self.word(large, 32, 8), Self.word(large, 40, 8), Self.word(large, 48, 8)
      )
    }
    // Names, places and sizes take 46 bytes an entry at least.
    guard (0...1 << 24).contains(size), (0...size / 46).contains(count) else {
      throw Self.fault(path, "a directory of \(count) entries in \(size) bytes")
    }
    entries = try Self.entries(in: try file.read(size, at: offset), count: count, path: path)
    self.file = file
    self.limit = limit
  }

  /// The path of the archive.
  var path: String { file.path }

  /// The unpacked contents of `entry`, its checksum verified.
  func contents(of entry: Entry) throws(DatasetError) -> [UInt8] {
    let place = "\(path)/\(entry.name)"
    guard !entry.isEncrypted, entry.method == 0 || entry.method == 8 else {
      throw .unsupported(
        path: place,
        reason: entry.isEncrypted
          ? "it needs a password; write the archive without one"
          : "packing \(entry.method) isn't read; write it by numpy.savez or savez_compressed")
    }
    guard entry.size <= limit else {
      throw .tooLarge(path: place, announced: entry.size, limit: limit)
    }
    let possible =
      entry.method == 0
      ? entry.packed : entry.packed.multipliedReportingOverflow(by: 1032).partialValue
    guard entry.size <= possible, entry.method == 8 || entry.size == entry.packed else {
      throw .impossible(path: place, announced: entry.size, possible: possible)
    }
    guard entry.size > 0 else { return [] }
    let header = try file.read(30, at: entry.offset)
    guard Self.word(header, 0, 4) == 0x0403_4B50 else {
      throw Self.fault(place, "no entry is where the directory says")
    }
    let start = entry.offset + 30 + Self.word(header, 26, 2) + Self.word(header, 28, 2)
    var bytes = try file.read(entry.packed, at: start)
    if entry.method == 8 { bytes = try Self.inflated(bytes, size: entry.size, path: place) }
    // SAFETY: zlib reads the array's own bytes.
    let checksum = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe crc32_z(0, buffer.baseAddress, buffer.count)
    }
    guard UInt32(truncatingIfNeeded: checksum) == entry.checksum else {
      throw .damaged(path: place, reason: "its checksum is another")
    }
    return bytes
  }

  private static func end(in tail: [UInt8]) -> Int? {
    guard tail.count >= 22 else { return nil }
    return (0...tail.count - 22).last { place in
      word(tail, place, 4) == 0x0605_4B50 && place + 22 + word(tail, place + 20, 2) == tail.count
    }
  }

  private static func entries(in bytes: [UInt8], count: Int, path: String) throws(DatasetError)
    -> [Entry]
  {
    var (entries, place): ([Entry], Int) = ([], 0)
    for _ in 0..<count {
      guard place + 46 <= bytes.count, word(bytes, place, 4) == 0x0201_4B50 else {
        throw fault(path, "entry \(entries.count) of its directory is cut short")
      }
      let (name, extra, comment) = (
        word(bytes, place + 28, 2), word(bytes, place + 30, 2), word(bytes, place + 32, 2)
      )
      let start = place + 46
      guard start + name + extra + comment <= bytes.count else {
        throw fault(path, "entry \(entries.count) of its directory is cut short")
      }
      var entry = Entry(
        name: String(decoding: bytes[start..<start + name], as: UTF8.self),
        packed: word(bytes, place + 20, 4), size: word(bytes, place + 24, 4),
        checksum: UInt32(word(bytes, place + 16, 4)), method: word(bytes, place + 10, 2),
        offset: word(bytes, place + 42, 4), isEncrypted: bytes[place + 8] & 1 == 1)
      widen(&entry, by: Array(bytes[start + name..<start + name + extra]))
      guard entry.packed >= 0, entry.size >= 0, entry.offset >= 0, entry.offset <= .max >> 1 else {
        throw fault(path, "entry \(entries.count) of its directory has impossible sizes")
      }
      entries.append(entry)
      place = start + name + extra + comment
    }
    return entries
  }

  /// Takes what doesn't fit into 32 bits from an entry's extra field (ZIP64).
  private static func widen(_ entry: inout Entry, by extra: [UInt8]) {
    var place = 0
    while place + 4 <= extra.count {
      let (kind, size) = (word(extra, place, 2), word(extra, place + 2, 2))
      var next = place + 4
      let end = min(extra.count, next + size)
      func take(_ value: inout Int) {
        guard value == 0xFFFF_FFFF, next + 8 <= end else { return }
        value = word(extra, next, 8)
        next += 8
      }
      if kind == 1 {
        take(&entry.size)
        take(&entry.packed)
        take(&entry.offset)
      }
      place = end
    }
  }

  private static func inflated(_ packed: [UInt8], size: Int, path: String) throws(DatasetError)
    -> [UInt8]
  {
    var (stream, code, made) = (unsafe z_stream(), Int32(0), 0)
    // SAFETY: the state is zeroed, as zlib asks, and ended below.
    unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { unsafe inflateEnd(&stream) }
    // SAFETY: zlib is told of exactly the bytes that both arrays have, in parts that fit its
    // counts.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { output, filled in
      unsafe packed.withUnsafeBufferPointer { input in
        var used = 0
        repeat {
          let (offered, room) = (min(packed.count - used, 1 << 30), min(size - made, 1 << 30))
          unsafe stream.next_in = input.baseAddress.map {
            unsafe UnsafeMutablePointer(mutating: $0 + used)
          }
          unsafe stream.next_out = output.baseAddress.map { unsafe $0 + made }
          unsafe (stream.avail_in, stream.avail_out) = (UInt32(offered), UInt32(room))
          code = unsafe inflate(&stream, Z_NO_FLUSH)
          used += unsafe offered - Int(stream.avail_in)
          made += unsafe room - Int(stream.avail_out)
          if unsafe Int(stream.avail_in) == offered, unsafe Int(stream.avail_out) == room { break }
        } while code == Z_OK
      }
      filled = made
    }
    guard code == Z_STREAM_END, made == size else {
      throw .damaged(path: path, reason: "it doesn't unpack to the \(size) bytes that it announces")
    }
    return bytes
  }

  /// The little-endian number of `count` bytes at `place`, which must be there.
  private static func word(_ bytes: [UInt8], _ place: Int, _ count: Int) -> Int {
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[place + index]) << UInt64(8 * index) }
    return Int(truncatingIfNeeded: value)
  }

  private static func fault(_ path: String, _ reason: String) -> DatasetError {
    .malformed(
      path: path, at: "ZIP", reason: reason, remedy: "write it anew by numpy.savez")
  }
}
