import Tensors

/// A decoded picture: rows from the top, each a row of pixels, each its channels.
struct Picture {
  /// The extents of a picture, as its header says them.
  struct Header: Hashable {
    /// The number of channels that it decodes to: grey, grey and alpha, colours, colours and alpha.
    var channels: Int
    /// The height in pixels.
    var rows: Int
    /// The width in pixels.
    var columns: Int

    /// The shape that a network sees unless told otherwise: alpha is left out.
    var shape: Shape { [channels < 3 ? 1 : 3, rows, columns] }
  }

  /// The extents.
  let header: Header
  /// The intensities, channels varying fastest.
  let intensities: Intensities

  /// The most pixels of one picture: 64 mebipixels.
  static let pixelLimit = 1 << 26

  /// The header of the picture in `bytes`, the contents of the file at `path`.
  static func header(of bytes: [UInt8], path: String) throws(DatasetError) -> Header {
    switch try Kind(bytes, path: path) {
    case .png: try PNG.header(of: bytes, path: path)
    case .jpeg: try JPEG.header(of: bytes, path: path)
    }
  }

  /// The picture in `bytes`, the contents of the file at `path`, once its header pleases `check`.
  static func decode(
    _ bytes: [UInt8], path: String, check: (Header) throws(DatasetError) -> Void
  ) throws(DatasetError) -> Picture {
    switch try Kind(bytes, path: path) {
    case .png: try PNG.decode(bytes, path: path, check: check)
    case .jpeg: try JPEG.decode(bytes, path: path, check: check)
    }
  }

  /// Refuses what no picture is, or more pixels than are decoded.
  static func checkExtents(_ header: Header, path: String) throws(DatasetError) {
    let (pixels, overflow) = header.rows.multipliedReportingOverflow(by: header.columns)
    guard !overflow, pixels <= pixelLimit, pixels > 0 else {
      throw .malformed(
        path: path, at: "header", reason: "\(header.rows)×\(header.columns) pixels",
        remedy: "give pictures of 1 to \(pixelLimit) pixels")
    }
  }

  /// The kinds of files, told by their first bytes.
  private enum Kind {
    case png, jpeg

    init(_ bytes: [UInt8], path: String) throws(DatasetError) {
      if bytes.starts(with: PNG.signature) {
        self = .png
      } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
        self = .jpeg
      } else if bytes.isEmpty {
        throw .truncated(path: path, needed: PNG.signature.count, available: 0)
      } else {
        let start = bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        throw .wrongMagic(
          path: path, found: start.joined(separator: " "),
          expected: "89 50 4e 47 (PNG) or ff d8 ff (JPEG)")
      }
    }
  }
}
