import CSPNG

/// The Portable Network Graphics format (ISO/IEC 15948), by libspng.
enum PNG {
  /// The first bytes of a file.
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The header of a file.
  static func header(of bytes: [UInt8], path: String) throws(DatasetError) -> Picture.Header {
    try unsafe reading(bytes, path: path) { (_, header) throws(DatasetError) in extents(of: header)
    }
  }

  /// The picture, colours of a palette looked up, fewer than 8 bits widened.
  static func decode(
    _ bytes: [UInt8], path: String, check: (Picture.Header) throws(DatasetError) -> Void
  ) throws(DatasetError) -> Picture {
    try unsafe reading(bytes, path: path) { (context, header) throws(DatasetError) in
      let extents = extents(of: header)
      try check(extents)
      let format: spng_format =
        if header.color_type == UInt8(SPNG_COLOR_TYPE_INDEXED.rawValue) {
          SPNG_FMT_RGB8
        } else {
          header.bit_depth < 8 ? SPNG_FMT_G8 : SPNG_FMT_RAW
        }
      let values = try unsafe pixels(of: context, as: format, from: bytes.count, path: path)
      guard header.bit_depth == 16 else {
        return Picture(header: extents, intensities: .bytes(values))
      }
      let words = (0..<values.count / 2).map { place in
        UInt16(values[2 * place]) << 8 | UInt16(values[2 * place + 1])
      }
      return Picture(header: extents, intensities: .words(words))
    }
  }

  /// The numbers of a picture of labels as they are stored: grey levels or places in the palette.
  static func labels(
    of bytes: [UInt8], path: String, check: (Picture.Header) throws(DatasetError) -> Void
  ) throws(DatasetError) -> [UInt16] {
    guard bytes.starts(with: signature) else {
      throw .unsupported(path: path, reason: "this isn't a PNG; write label pictures as PNG")
    }
    return try unsafe reading(bytes, path: path) { (context, header) throws(DatasetError) in
      let extents = extents(of: header)
      let isIndexed = header.color_type == UInt8(SPNG_COLOR_TYPE_INDEXED.rawValue)
      guard isIndexed || header.color_type == UInt8(SPNG_COLOR_TYPE_GRAYSCALE.rawValue) else {
        throw .unsupported(
          path: path, reason: "this has colours; write label pictures in grey or with a palette")
      }
      try check(extents)
      let values = try unsafe pixels(of: context, as: SPNG_FMT_RAW, from: bytes.count, path: path)
      let depth = Int(header.bit_depth)
      let rowBytes = (extents.columns * depth + 7) / 8
      var labels: [UInt16] = []
      labels.reserveCapacity(extents.rows * extents.columns)
      for row in 0..<extents.rows {
        for column in 0..<extents.columns {
          let bit = column * depth
          let byte = values[row * rowBytes + bit / 8]
          labels.append(
            depth == 16
              ? UInt16(byte) << 8 | UInt16(values[row * rowBytes + bit / 8 + 1])
              : UInt16(byte) >> UInt16(8 - depth - bit % 8) & (1 << UInt16(depth) - 1))
        }
      }
      return labels
    }
  }

  /// Opens a reader on `bytes` for the time of `body`, which gets the file's header too.
  private static func reading<Result>(
    _ bytes: [UInt8], path: String,
    _ body: (OpaquePointer, spng_ihdr) throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    guard let context = unsafe spng_ctx_new(0) else {
      throw .unreadable(path: path, reason: "there is no memory left")
    }
    // SAFETY: the context was made above and is freed here alone; it reads inside the closure,
    // where the bytes stay.
    defer { unsafe spng_ctx_free(context) }
    return try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(DatasetError) -> Result in
      // Chunks that aren't pixels are kept in as much memory as this and no more.
      try test(unsafe spng_set_chunk_limits(context, 1 << 24, 1 << 24), path: path)
      try test(
        unsafe spng_set_png_buffer(context, buffer.baseAddress, buffer.count), path: path)
      var header = spng_ihdr()
      try test(unsafe spng_get_ihdr(context, &header), path: path)
      try Picture.checkExtents(extents(of: header), path: path)
      return try unsafe body(context, header)
    }
  }

  /// The decoded pixels, once as many can come from a file of `size` bytes.
  private static func pixels(
    of context: OpaquePointer, as format: spng_format, from size: Int, path: String
  ) throws(DatasetError) -> [UInt8] {
    var (count, header) = (0, spng_ihdr())
    // SAFETY: both numbers are written during the calls.
    try test(
      unsafe spng_decoded_image_size(context, Int32(format.rawValue), &count), path: path)
    try test(unsafe spng_get_ihdr(context, &header), path: path)
    // Deflate makes at most 1,032 bytes of one; a pixel takes a bit at least before it is widened.
    let bits = Int(header.bit_depth) * storedChannels(of: header)
    let stored = Int(header.width) * Int(header.height) * bits / 8
    guard stored <= size.multipliedReportingOverflow(by: 1032).partialValue else {
      throw .impossible(path: path, announced: stored, possible: size * 1032)
    }
    var status: Int32 = 0
    // SAFETY: the decoder fills the `count` bytes that it asked for, or says that it didn't.
    let values = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      unsafe buffer.initialize(repeating: 0)
      status = unsafe spng_decode_image(
        context, buffer.baseAddress, count, Int32(format.rawValue), 0)
      filled = count
    }
    try test(status, path: path)
    return values
  }

  private static func storedChannels(of header: spng_ihdr) -> Int {
    switch UInt32(header.color_type) {
    case SPNG_COLOR_TYPE_TRUECOLOR.rawValue: 3
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue: 2
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA.rawValue: 4
    default: 1
    }
  }

  private static func extents(of header: spng_ihdr) -> Picture.Header {
    let isIndexed = header.color_type == UInt8(SPNG_COLOR_TYPE_INDEXED.rawValue)
    return Picture.Header(
      channels: isIndexed ? 3 : storedChannels(of: header), rows: Int(header.height),
      columns: Int(header.width))
  }

  private static func test(_ status: Int32, path: String) throws(DatasetError) {
    guard status != 0 else { return }
    // SAFETY: the message is a constant of the library, copied at once.
    let reason = unsafe spng_strerror(status).map { unsafe String(cString: $0) } ?? "code \(status)"
    throw .brokenPicture(path: path, reason: "PNG: \(reason)")
  }
}
