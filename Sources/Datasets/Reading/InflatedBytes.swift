import CZlib

/// The next bytes of a file, unpacked where they are a zlib stream (RFC 1950), in bounded memory.
@safe struct InflatedBytes: ~Copyable {
  private var file: ByteFile
  /// The unpacker's state, at a fixed address as zlib wants it; nil where the bytes aren't packed.
  private var state: UnsafeMutablePointer<z_stream>?
  private var packed: [UInt8] = []
  private var nextPacked = 0
  private var packedLeft = 0
  private var position = 0
  private var isFinished = false

  /// The bytes of `file` as they are, from where it stands.
  init(plain file: consuming ByteFile) { self.file = file }

  /// The contents of the next `count` bytes of `file`, unpacked.
  init(packed file: consuming ByteFile, count: Int) throws(DatasetError) {
    try file.checkRoom(for: count)
    self.file = file
    packedLeft = count
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // SAFETY: the state is zeroed, as zlib asks, and ended by `deinit`.
    unsafe inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    unsafe state = stream
  }

  deinit {
    guard let state = unsafe state else { return }
    // SAFETY: nobody else ends or frees the state.
    unsafe inflateEnd(state)
    unsafe state.deallocate()
  }

  /// The path of the file.
  var path: String { file.path }

  /// Refuses `count` more bytes where they exceed the file's limit.
  func checkRoom(for count: Int) throws(DatasetError) {
    guard unsafe state != nil else { return try file.checkRoom(for: count) }
    guard count >= 0, count <= file.limit - position else {
      let (sum, overflow) = count.addingReportingOverflow(position)
      throw .tooLarge(path: path, announced: overflow ? .max : sum, limit: file.limit)
    }
  }

  /// The next `count` bytes, all of them.
  mutating func read(_ count: Int) throws(DatasetError) -> [UInt8] {
    try checkRoom(for: count)
    guard unsafe state != nil else { return try file.read(count) }
    // Grows as bytes come, so that a liar's announcement costs nothing.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(count, 1 << 20))
    var chunk = [UInt8](repeating: 0, count: min(count, 1 << 16))
    while bytes.count < count {
      let wanted = min(chunk.count, count - bytes.count)
      let got = try inflate(into: &chunk, wanted)
      guard got > 0 else {
        throw .truncated(path: path, needed: position + count - bytes.count, available: position)
      }
      bytes += chunk[..<got]
    }
    return bytes
  }

  /// Passes over `count` bytes.
  mutating func skip(_ count: Int) throws(DatasetError) {
    var left = count
    while left > 0 {
      left -= try read(min(left, 1 << 16)).count
    }
  }

  /// Refuses packed bytes that go on or end early; also what verifies their checksum.
  mutating func expectEnd() throws(DatasetError) {
    guard unsafe state != nil else { return }
    let expected = position
    var probe: [UInt8] = [0]
    guard try inflate(into: &probe, 1) == 0 else {
      throw .trailingBytes(path: path, expected: expected)
    }
    guard isFinished else { throw .damaged(path: path, reason: "the compressed data ends early") }
  }

  private mutating func inflate(into chunk: inout [UInt8], _ wanted: Int) throws(DatasetError)
    -> Int
  {
    guard let state = unsafe state else { return 0 }
    while true {
      if nextPacked == packed.count, packedLeft > 0 {
        packed = try file.read(min(packedLeft, 1 << 16))
        packedLeft -= packed.count
        nextPacked = 0
      }
      let offered = packed.count - nextPacked
      // SAFETY: zlib reads at most `offered` and writes at most `wanted` bytes; no pointer outlives
      // the closures.
      let (code, used, made) = unsafe packed.withUnsafeMutableBufferPointer { input in
        unsafe chunk.withUnsafeMutableBufferPointer { output in
          unsafe state.pointee.next_in = input.baseAddress.map { unsafe $0 + nextPacked }
          unsafe state.pointee.avail_in = UInt32(offered)
          unsafe state.pointee.next_out = output.baseAddress
          unsafe state.pointee.avail_out = UInt32(wanted)
          let code = unsafe CZlib.inflate(state, Z_NO_FLUSH)
          return unsafe (
            code, offered - Int(state.pointee.avail_in), wanted - Int(state.pointee.avail_out)
          )
        }
      }
      nextPacked += used
      position += made
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
        throw .damaged(path: path, reason: "zlib code \(code)")
      }
      isFinished = code == Z_STREAM_END
      if made > 0 || code == Z_STREAM_END || (used == 0 && packedLeft == 0) { return made }
    }
  }
}
