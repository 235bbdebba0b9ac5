import Tensors

/// A place with samples that can be read one by one.
protocol OwnSource: Sendable {
  /// The keys of the samples, stable as others arrive; a volume's slices share one.
  var keys: [String] { get }
  /// The numbers of those whose samples they are, by key; nil where nobody knows.
  var users: [Int32]? { get }
  /// True if each pixel has a label of its own.
  var isSegmentation: Bool { get }
  /// The shape of the first sample; nil where there is none.
  func input() throws(DatasetError) -> Shape?
  /// The names of the labels that occur.
  func labelNames() throws(DatasetError) -> [String]
  /// The files that hold the samples of key number `index` and no others; nil where there are none
  /// such.
  func files(_ index: Int) throws(DatasetError) -> [SampleFile]?
  /// Reads the sample or samples of key number `index` into `stack`.
  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError)
}

extension OwnSource {
  /// Nobody knows.
  var users: [Int32]? { nil }
  /// Samples lie together in files.
  func files(_ index: Int) -> [SampleFile]? { nil }

  /// Reads the samples of the keys with numbers `indices` into `stack`, in order, on the threads of
  /// `work`; `done` of `all` samples were done before.
  func append(
    _ indices: [Int], to stack: inout SampleStack, path: String, by work: SampleWork, done: Int,
    of all: Int
  ) throws(DatasetError) {
    let empty = stack
    stack.reserve(indices.count)
    try work.run(indices.count, grain: stack.grain, path: path, done: done, of: all) {
      (range) throws(DatasetError) in
      var part = empty
      for place in range { try append(indices[place], to: &part) }
      return part
    } gather: { (part) throws(DatasetError) in
      try stack.append(part)
    }
  }
}

/// A file of one sample.
struct SampleFile: Hashable {
  /// Its path.
  let path: String
  /// Its place in the folder that it is read from.
  let name: String
}

/// Samples of one shape as they gather in bounded memory, then a data set.
///
/// Bytes stay bytes until a sample of floating-point numbers or of 16 bits comes.
struct SampleStack: Sendable {
  /// The shape of each sample, `[C, H, W]`.
  let input: Shape
  /// The meaning of labels.
  let names: ClassNames
  /// The treatment of pictures of another size.
  let fit: SampleFormat.Fit

  private let format: SampleFormat
  private let limit: Int
  private let path: String
  private var bytes: [UInt8] = []
  private var floats: [Float] = []
  private var isFloating = false
  private(set) var labels: [UInt16] = []
  /// The remarks that people should read before the data is used.
  private(set) var remarks: [String] = []

  /// An empty stack of samples of a format in which nothing is open; `path` is for messages.
  init(format: SampleFormat, path: String, limit: Int) throws(DatasetError) {
    guard let input = format.imageShape, let labels = format.labels else {
      throw .malformed(
        path: path, at: "folder", reason: "no sample says its shape and classes",
        remedy: "write data.input and data.classes")
    }
    guard labels.names.count <= 1 << 16 else {
      throw .malformed(
        path: path, at: "labels", reason: "\(labels.names.count) classes, more than 65536",
        remedy: "give the column of classes as label, not one of numbers")
    }
    try format.checkScaling(channels: input.dimensions[0], path: path)
    self.input = input
    self.format = format
    names = ClassNames(labels.names)
    fit = format.fit
    self.limit = limit
    self.path = path
  }

  /// The number of samples so far.
  var count: Int {
    let each = format.labels?.isSegmentation == true ? input.dimensions[1] * input.dimensions[2] : 1
    return labels.count / each
  }

  /// The number of samples that one thread reads at a time: few where they are large.
  var grain: Int { max(1, min(256, (1 << 20) / input.count)) }

  /// Takes room for `samples` more of 8 bits, as far as the limit allows.
  mutating func reserve(_ samples: Int) {
    let (count, overflow) = samples.multipliedReportingOverflow(by: input.count)
    guard !overflow, count <= limit, !isFloating else { return }
    bytes.reserveCapacity(count)
  }

  /// Adds the samples of `other`, a stack of the same format.
  mutating func append(_ other: SampleStack) throws(DatasetError) {
    try append(other.isFloating ? .floats(other.floats) : .bytes(other.bytes), labels: other.labels)
    for remark in other.remarks where !remarks.contains(remark) { remarks.append(remark) }
  }

  /// Adds a remark for people who use the samples, once.
  mutating func remark(_ text: String) { if !remarks.contains(text) { remarks.append(text) } }

  /// Adds one sample in the stack's shape, with its label or a label for each pixel.
  mutating func append(_ sample: Intensities, labels: [UInt16], path: String? = nil)
    throws(DatasetError)
  {
    let isWide = isFloating || !sample.isBytes
    let (count, overflow) = (self.bytes.count + floats.count + sample.count)
      .multipliedReportingOverflow(by: isWide ? 4 : 1)
    guard !overflow, count <= limit else {
      throw .tooLarge(path: path ?? self.path, announced: count, limit: limit)
    }
    switch sample {
    case .bytes(let values):
      if isFloating {
        floats += values.lazy.map { Float($0) / 255 }
      } else {
        bytes += values
      }
    case .words(let values):
      promote()
      floats += values.lazy.map { Float($0) / 65535 }
    case .floats(let values):
      promote()
      floats += values
    }
    self.labels += labels
  }

  private mutating func promote() {
    guard !isFloating else { return }
    floats = bytes.map { Float($0) / 255 }
    bytes = []
    isFloating = true
  }

  /// The samples as a data set.
  func dataset(name: String) -> Dataset {
    let isSegmentation = format.labels?.isSegmentation == true
    return Dataset(
      name: name, input: input, classes: names.names.count,
      normalization: format.normalization(channels: input.dimensions[0]),
      pixels: isFloating ? .floats(floats) : .bytes(bytes), labels: labels,
      labelsPerSample: isSegmentation ? input.dimensions[1] * input.dimensions[2] : 1,
      regions: isSegmentation ? LabelRegion.named(names.names) : nil)
  }
}

/// The intensities of one sample, as they were stored.
enum Intensities {
  /// Of 8 bits: 255 is the full intensity 1.
  case bytes([UInt8])
  /// Of 16 bits: 65,535 is the full intensity 1.
  case words([UInt16])
  /// Numbers, taken as they are.
  case floats([Float])

  /// The number of intensities.
  var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .words(let values): values.count
    case .floats(let values): values.count
    }
  }

  /// True if a byte each suffices.
  var isBytes: Bool {
    if case .bytes = self { true } else { false }
  }
}
