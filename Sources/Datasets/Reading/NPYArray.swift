import Bytes

/// An array in NumPy's format (NEP 1), read into one row-major order; in memory, or in a file from
/// which its samples are read one by one.
struct NPYArray {
  /// The kinds of elements that are read.
  enum Element: Hashable {
    /// Whole numbers of so many bytes.
    case whole(bytes: Int, isSigned: Bool)
    /// Floating-point numbers of so many bytes.
    case floating(bytes: Int)
    /// Truth values.
    case truth
    /// Text of so many characters, of one byte or four each.
    case text(characters: Int, bytesEach: Int)

    /// The bytes of one element.
    var width: Int {
      switch self {
      case .whole(let bytes, _), .floating(let bytes): bytes
      case .truth: 1
      case .text(let characters, let each): characters * each
      }
    }
  }

  /// The file, for messages.
  let path: String
  /// The extents, outermost first.
  let extents: [Int]
  /// The kind of elements.
  let element: Element
  /// The bytes of all elements, or of those of one sample.
  private var bytes: [UInt8]
  /// The place in ``bytes`` of the first element; before them where they are a later sample's.
  private var start: Int
  /// The file that the samples are read from, where the array isn't in memory, and the place of the
  /// first element in it.
  private let file: (open: OpenFile, start: Int)?
  private let isBigEndian: Bool
  /// The distance of neighbours along each axis, in elements.
  private let strides: [Int]

  /// The array that the contents `bytes` of the file at `path` hold.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    try self.init(bytes, of: bytes.count, path: path, file: nil)
  }

  /// The array in the file at `path`, which may have `limit` bytes; its samples stay there unless
  /// their elements lie scattered.
  init(samplesAt path: String, limit: Int) throws(DatasetError) {
    let file = try OpenFile(path: path, limit: limit)
    let array = try Self(file.head(1 << 17), of: file.size, path: path, file: file)
    guard !array.isRowMajor else {
      self = array
      return
    }
    self = try Self(file.read(file.size, at: 0), path: path)
  }

  /// The array in `size` bytes that begin with `bytes`: all of them, or those of `file`.
  private init(
    _ bytes: [UInt8], of size: Int, path: String, file: OpenFile?
  ) throws(DatasetError) {
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    guard bytes.starts(with: magic), bytes.count >= 10 else {
      throw .wrongMagic(
        path: path,
        found: bytes.prefix(6).map { String($0, radix: 16) }.joined(separator: " "),
        expected: "93 4e 55 4d 50 59 (NumPy)")
    }
    let isLong = bytes[6] > 1
    let lengthBytes = isLong ? 4 : 2
    guard bytes.count >= 8 + lengthBytes else {
      throw .truncated(path: path, needed: 8 + lengthBytes, available: bytes.count)
    }
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = 8 + lengthBytes + length
    guard start <= bytes.count else {
      throw .truncated(path: path, needed: start, available: bytes.count)
    }
    let header = String(decoding: bytes[8 + lengthBytes..<start], as: UTF8.self)
    guard let kind = header.firstMatch(of: /'descr'\s*:\s*'([<>|=])([a-zA-Z])(\d{1,6})'/),
      let order = header.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/),
      let shape = header.firstMatch(of: /'shape'\s*:\s*\(([0-9, ]*)\)/),
      let width = Int(kind.3)
    else {
      throw .malformed(
        path: path, at: "header", reason: "it isn't of one array of numbers or text",
        remedy: "write it by numpy.save without objects or named fields")
    }
    guard let element = Self.element(String(kind.2), size: width) else {
      throw .unsupported(
        path: path,
        reason: "elements \(kind.1)\(kind.2)\(kind.3) aren't read; "
          + "write u1, i1 to i8, u2 to u8, f2, f4, f8, b1, U or S")
    }
    var (extents, count, span): ([Int], Int, Int) = ([], element.width, element.width)
    for part in shape.1.split(separator: ",") where part.contains(where: \.isNumber) {
      guard let extent = Int(part.filter { $0 != " " }) else {
        throw .impossible(path: path, announced: .max, possible: size)
      }
      extents.append(extent)
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      count = overflow ? .max : product
      // Strides are counted without the axes of nothing.
      let (distance, isTooFar) = span.multipliedReportingOverflow(by: max(extent, 1))
      guard !isTooFar else {
        throw .impossible(path: path, announced: .max, possible: size)
      }
      span = distance
    }
    guard extents.count <= 8, count <= size - start else {
      throw .truncated(
        path: path, needed: count == .max ? .max : start + count, available: size)
    }
    guard count == size - start else {
      throw .trailingBytes(path: path, expected: start + count)
    }
    self.path = path
    (self.bytes, self.start) = file == nil ? (bytes, start) : ([], 0)
    self.file = file.map { ($0, start) }
    (self.extents, self.element) = (extents, element)
    isBigEndian = kind.1 == ">"
    let isFortran = order.1 == "True"
    var (strides, step) = (Array(repeating: 1, count: extents.count), 1)
    for axis in isFortran ? Array(extents.indices) : extents.indices.reversed() {
      strides[axis] = step
      step *= max(extents[axis], 1)
    }
    self.strides = strides
  }

  private static func element(_ letter: String, size: Int) -> Element? {
    switch (letter, size) {
    case ("u", 1), ("u", 2), ("u", 4), ("u", 8): .whole(bytes: size, isSigned: false)
    case ("i", 1), ("i", 2), ("i", 4), ("i", 8): .whole(bytes: size, isSigned: true)
    case ("f", 2), ("f", 4), ("f", 8): .floating(bytes: size)
    case ("b", 1): .truth
    case ("U", 1...): .text(characters: size, bytesEach: 4)
    case ("S", 1...): .text(characters: size, bytesEach: 1)
    default: nil
    }
  }
}

extension NPYArray {
  /// The number of samples, which the first axis counts.
  var count: Int { extents.first ?? 1 }

  /// The number of elements of one sample.
  var each: Int { extents.dropFirst().reduce(1, *) }

  /// The array with the elements of one sample in memory, at their places; the array itself if all
  /// are.
  func reading(_ sample: Int) throws(DatasetError) -> NPYArray {
    guard let file else { return self }
    let length = each * element.width
    var part = self
    part.bytes = try file.open.read(length, at: file.start + sample * length)
    part.start = -sample * length
    return part
  }

  /// The places of one sample's elements in row-major order, the channels' axis of a sample
  /// `[H, W, C]` brought to the front if `isChannelsLast`.
  func places(of sample: Int, isChannelsLast: Bool = false) -> [Int] {
    var axes = Array(extents.indices.dropFirst())
    if isChannelsLast, let last = axes.popLast() { axes.insert(last, at: 0) }
    var places = [sample * (strides.first ?? 1)]
    for axis in axes {
      places = places.flatMap { place in (0..<extents[axis]).map { place + $0 * strides[axis] } }
    }
    return places
  }

  /// The intensities of a sample: bytes of `u1`, else numbers as they are, none of them NaN or
  /// infinite.
  func intensities(of sample: Int, isChannelsLast: Bool) throws(DatasetError) -> Intensities {
    let isWhole = element == .whole(bytes: 1, isSigned: false)
    if isWhole, !isChannelsLast, isRowMajor {
      return .bytes(Array(bytes[start + sample * each..<start + (sample + 1) * each]))
    }
    let places = places(of: sample, isChannelsLast: isChannelsLast)
    if isWhole {
      return .bytes(places.map { bytes[start + $0] })
    }
    var values: [Float] = []
    values.reserveCapacity(places.count)
    for place in places {
      guard let value = number(at: place).map({ Float($0) }), value.isFinite else {
        throw .malformed(
          path: path, at: "sample \(sample), counted from 0",
          reason: "a value isn't a finite number",
          remedy: "replace NaN and infinity before the array is saved")
      }
      values.append(value)
    }
    return .floats(values)
  }

  /// True if the elements lie in row-major order.
  private var isRowMajor: Bool {
    var step = 1
    for axis in extents.indices.reversed() {
      if strides[axis] != step { return false }
      step *= extents[axis]
    }
    return true
  }

  /// The bits of the number at `place`; nil for text.
  func bits(at place: Int) -> UInt64? {
    if case .text = element { return nil }
    return raw(at: place)
  }

  /// The element at `place` as a label is written; nil where it is no whole number or text.
  func label(at place: Int) -> String? {
    switch element {
    case .whole(_, isSigned: true): return String(Int64(bitPattern: raw(at: place)))
    case .whole(_, isSigned: false): return String(raw(at: place))
    case .truth: return bytes[start + place] == 0 ? "0" : "1"
    case .floating:
      guard let value = number(at: place), let whole = Int(exactly: value) else { return nil }
      return String(whole)
    case .text(let characters, let each):
      let first = start + place * characters * each
      var text = String.UnicodeScalarView()
      for character in 0..<characters {
        let at = first + character * each
        var code: UInt32 = 0
        for byte in 0..<each {
          code |= UInt32(bytes[at + byte]) << UInt32(8 * (isBigEndian ? each - 1 - byte : byte))
        }
        guard code != 0 else { break }
        guard let scalar = Unicode.Scalar(code) else { return nil }
        text.append(scalar)
      }
      return String(text)
    }
  }

  private func number(at place: Int) -> Double? {
    switch element {
    case .whole(_, isSigned: true): Double(Int64(bitPattern: raw(at: place)))
    case .whole(_, isSigned: false): Double(raw(at: place))
    case .truth: bytes[start + place] == 0 ? 0 : 1
    case .floating(bytes: 2): Self.half(UInt16(truncatingIfNeeded: raw(at: place)))
    case .floating(bytes: 4):
      Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw(at: place))))
    case .floating: Double(bitPattern: raw(at: place))
    case .text: nil
    }
  }

  /// The bits of the element at `place`, with its sign spread over 64.
  private func raw(at place: Int) -> UInt64 {
    let width = element.width
    var bits: UInt64 = 0
    for byte in 0..<width {
      let shift = UInt64(8 * (isBigEndian ? width - 1 - byte : byte))
      bits |= UInt64(bytes[start + place * width + byte]) << shift
    }
    guard case .whole(_, isSigned: true) = element, width < 8 else { return bits }
    let unused = UInt64(64 - 8 * width)
    return UInt64(bitPattern: Int64(bitPattern: bits << unused) >> Int64(unused))
  }

  /// The number that 16 bits stand for (IEEE 754, binary16).
  private static func half(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let size: Double =
      switch exponent {
      case 31: fraction == 0 ? .infinity : .nan
      case 0: fraction * 0x1p-24
      default: (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
      }
    return bits >> 15 == 1 ? -size : size
  }
}
