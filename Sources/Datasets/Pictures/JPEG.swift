import CTurboJPEG

/// Pictures by the Joint Photographic Experts Group (ITU-T T.81), by libjpeg-turbo.
enum JPEG {
  /// The header of a file.
  static func header(of bytes: [UInt8], path: String) throws(DatasetError) -> Picture.Header {
    try unsafe reading(bytes, path: path) { (_, _, header) throws(DatasetError) in header }
  }

  /// The picture, in grey or in red, green and blue.
  static func decode(
    _ bytes: [UInt8], path: String, check: (Picture.Header) throws(DatasetError) -> Void
  ) throws(DatasetError) -> Picture {
    try unsafe reading(bytes, path: path) { (handle, buffer, header) throws(DatasetError) in
      try check(header)
      let count = header.rows * header.columns * header.channels
      let format = header.channels == 1 ? TJPF_GRAY : TJPF_RGB
      var status: Int32 = 0
      // SAFETY: the decoder writes rows × columns pixels of the format's size and no more.
      let values = unsafe [UInt8](unsafeUninitializedCapacity: count) { pixels, filled in
        unsafe pixels.initialize(repeating: 0)
        status = unsafe tjDecompress2(
          handle, buffer.baseAddress, UInt(buffer.count), pixels.baseAddress,
          Int32(header.columns), 0, Int32(header.rows), format.rawValue,
          TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
        filled = count
      }
      if status != 0 { try unsafe refuse(handle, path: path) }
      return Picture(header: header, intensities: .bytes(values))
    }
  }

  /// Opens a reader on `bytes` for the time of `body`.
  private static func reading<Result>(
    _ bytes: [UInt8], path: String,
    _ body: (tjhandle, UnsafeBufferPointer<UInt8>, Picture.Header) throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    guard let handle = unsafe tjInitDecompress() else {
      throw .unreadable(path: path, reason: "there is no memory left")
    }
    // SAFETY: the handle was made above and is freed here alone.
    defer { unsafe tjDestroy(handle) }
    return try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(DatasetError) -> Result in
      var (columns, rows, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
      // SAFETY: the numbers are written during the call.
      let status = unsafe tjDecompressHeader3(
        handle, buffer.baseAddress, UInt(buffer.count), &columns, &rows, &sampling, &colours)
      if status != 0 { try unsafe refuse(handle, path: path) }
      guard colours != Int32(TJCS_CMYK.rawValue), colours != Int32(TJCS_YCCK.rawValue) else {
        throw .unsupported(
          path: path, reason: "its colours are those of print (CMYK); save it in red, green, blue")
      }
      let header = Picture.Header(
        channels: colours == Int32(TJCS_GRAY.rawValue) ? 1 : 3, rows: Int(rows),
        columns: Int(columns))
      try Picture.checkExtents(header, path: path)
      return try unsafe body(handle, buffer, header)
    }
  }

  /// Throws for what the decoder complains of, unless it is bytes that nobody needs.
  private static func refuse(_ handle: tjhandle, path: String) throws(DatasetError) {
    // SAFETY: the message lives in the handle and is copied at once.
    let reason = unsafe tjGetErrorStr2(handle).map { unsafe String(cString: $0) } ?? "damaged"
    let isWarning = unsafe tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
    guard isWarning, reason.contains("extraneous bytes") else {
      throw .brokenPicture(path: path, reason: "JPEG: \(reason)")
    }
  }
}
