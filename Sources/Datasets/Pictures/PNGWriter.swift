import CSPNG

/// Pictures of 8 bits as files of the Portable Network Graphics format.
package enum PNGWriter {
  /// The file of a picture whose pixels lie row by row, each its 1 to 4 channels: grey, grey and
  /// alpha, colours, colours and alpha.
  ///
  /// - Throws: `DatasetError`, which names the file that was to be at `path`.
  package static func encode(
    _ pixels: [UInt8], rows: Int, columns: Int, channels: Int, path: String
  ) throws(DatasetError) -> [UInt8] {
    precondition(
      (1...4).contains(channels) && rows > 0 && columns > 0
        && pixels.count == rows * columns * channels,
      "\(pixels.count) bytes for \(rows)×\(columns) pixels of \(channels) channels")
    guard let context = unsafe spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      throw .unreadable(path: path, reason: "there is no memory left")
    }
    // SAFETY: the context was made above and is freed here alone.
    defer { unsafe spng_ctx_free(context) }
    try test(unsafe spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1), path: path)
    let colours = [
      SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, SPNG_COLOR_TYPE_TRUECOLOR,
      SPNG_COLOR_TYPE_TRUECOLOR_ALPHA,
    ][channels - 1]
    var header = spng_ihdr(
      width: UInt32(columns), height: UInt32(rows), bit_depth: 8,
      color_type: UInt8(colours.rawValue), compression_method: 0, filter_method: 0,
      interlace_method: 0)
    try test(unsafe spng_set_ihdr(context, &header), path: path)
    // SAFETY: the encoder reads exactly the pixels that the header announces.
    let status = unsafe pixels.withUnsafeBytes { bytes in
      unsafe spng_encode_image(
        context, bytes.baseAddress, bytes.count, Int32(SPNG_FMT_PNG.rawValue),
        Int32(SPNG_ENCODE_FINALIZE.rawValue))
    }
    try test(status, path: path)
    var (count, code) = (0, Int32(0))
    // SAFETY: the buffer has `count` bytes, is copied at once and freed as the library asks.
    guard let buffer = unsafe spng_get_png_buffer(context, &count, &code) else {
      throw .unreadable(path: path, reason: "there is no memory left")
    }
    defer { unsafe free(buffer) }
    return unsafe Array(UnsafeRawBufferPointer(start: buffer, count: count))
  }

  private static func test(_ status: Int32, path: String) throws(DatasetError) {
    guard status != 0 else { return }
    // SAFETY: the message is a constant of the library, copied at once.
    let reason = unsafe spng_strerror(status).map { unsafe String(cString: $0) } ?? "code \(status)"
    throw .brokenPicture(path: path, reason: "PNG: \(reason)")
  }
}
