import CTurboJPEG

/// Pictures of 8 bits as files by the Joint Photographic Experts Group's format.
package enum JPEGWriter {
  /// The file of a picture whose pixels lie row by row, each its 1 or 3 channels, at `quality` from
  /// 1 to 100.
  ///
  /// - Throws: `DatasetError`, which names the file that was to be at `path`.
  package static func encode(
    _ pixels: [UInt8], rows: Int, columns: Int, channels: Int, quality: Int = 90, path: String
  ) throws(DatasetError) -> [UInt8] {
    precondition(
      (channels == 1 || channels == 3) && rows > 0 && columns > 0
        && pixels.count == rows * columns * channels && (1...100).contains(quality),
      "\(pixels.count) bytes for \(rows)×\(columns) pixels of \(channels) channels")
    guard let handle = unsafe tjInitCompress() else {
      throw .unwritable(path: path, reason: "there is no memory left")
    }
    // SAFETY: the handle was made above and is freed here alone.
    defer { unsafe tjDestroy(handle) }
    var (buffer, size): (UnsafeMutablePointer<UInt8>?, UInt) = (nil, 0)
    let sampling = channels == 1 ? TJSAMP_GRAY : TJSAMP_420
    let format = channels == 1 ? TJPF_GRAY : TJPF_RGB
    // SAFETY: the encoder reads rows × columns pixels of the format's size, takes memory for the
    // file and says how much.
    let status = unsafe pixels.withUnsafeBufferPointer { pixels in
      unsafe tjCompress2(
        handle, pixels.baseAddress, Int32(columns), 0, Int32(rows), format.rawValue, &buffer, &size,
        Int32(sampling.rawValue), Int32(quality), TJFLAG_ACCURATEDCT)
    }
    defer { unsafe tjFree(buffer) }
    guard status == 0, let start = unsafe buffer else {
      // SAFETY: the message lives in the handle and is copied at once.
      let reason = unsafe tjGetErrorStr2(handle).map { unsafe String(cString: $0) } ?? "\(status)"
      throw .brokenPicture(path: path, reason: "JPEG: \(reason)")
    }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(size)))
  }
}
