import Bytes
import CZlib

/// A picture of so many pixels, red, green and blue.
package struct Picture: Hashable, Sendable {
  /// A pixel's intensities, 255 the full one.
  package struct Colour: Hashable, Sendable {
    /// Red.
    package var red: UInt8
    /// Green.
    package var green: UInt8
    /// Blue.
    package var blue: UInt8

    /// A colour of the given parts.
    package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// No colour, of an intensity in [0, 1].
    package init(grey intensity: Float) {
      let level = UInt8(max(0, min(255, (255 * (intensity.isFinite ? intensity : 0)).rounded())))
      self.init(level, level, level)
    }

    /// `share` of another colour, in [0, 1], over the rest of this one.
    package func covered(by other: Colour, _ share: Float) -> Colour {
      func mix(_ own: UInt8, _ other: UInt8) -> UInt8 {
        UInt8((Float(own) * (1 - share) + Float(other) * share).rounded())
      }
      return Colour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
    }

    /// Paper.
    package static let white = Colour(255, 255, 255)
  }

  /// The number of columns.
  package let width: Int
  /// The number of rows.
  package let height: Int
  private var pixels: [Colour]

  /// A white picture.
  package init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a picture of \(width)×\(height)")
    self.width = width
    self.height = height
    pixels = Array(repeating: .white, count: width * height)
  }

  /// The colour in a row and column, from the upper left corner.
  package subscript(row row: Int, column column: Int) -> Colour {
    get { pixels[row * width + column] }
    set { pixels[row * width + column] = newValue }
  }

  /// The rows' bytes, each row behind a 0: PNG's filter that leaves them as they are.
  var scanlines: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(height * (3 * width + 1))
    for row in 0..<height {
      bytes.append(0)
      for pixel in pixels[row * width..<(row + 1) * width] {
        bytes += [pixel.red, pixel.green, pixel.blue]
      }
    }
    return bytes
  }
}

extension Picture {
  /// The picture as a PNG file (ISO/IEC 15948): eight bits a colour, no filter, packed by zlib.
  package var png: [UInt8] {
    var header = UInt32(width).bigEndianBytes + UInt32(height).bigEndianBytes
    // Eight bits, red, green and blue, deflate, the standard filters, not interlaced.
    header += [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
      + Self.chunk("IDAT", Self.packed(scanlines)) + Self.chunk("IEND", [])
  }

  /// Length, kind, contents, and the checksum of the latter two.
  private static func chunk(_ kind: String, _ contents: [UInt8]) -> [UInt8] {
    let checked = Array(kind.utf8) + contents
    // SAFETY: the bytes are as many as is said.
    let checksum = unsafe checked.withUnsafeBufferPointer {
      unsafe crc32(0, $0.baseAddress, UInt32($0.count))
    }
    return UInt32(contents.count).bigEndianBytes + checked
      + UInt32(truncatingIfNeeded: checksum).bigEndianBytes
  }

  private static func packed(_ bytes: [UInt8]) -> [UInt8] {
    let limit = compressBound(UInt(bytes.count))
    // SAFETY: zlib writes no more than the bound, and tells how much.
    return unsafe Array(unsafeUninitializedCapacity: Int(limit)) { buffer, count in
      var length = limit
      let status = unsafe bytes.withUnsafeBufferPointer {
        unsafe compress2(buffer.baseAddress, &length, $0.baseAddress, UInt($0.count), 9)
      }
      precondition(status == Z_OK, "zlib can't pack \(bytes.count) bytes: \(status)")
      count = Int(length)
    }
  }
}
