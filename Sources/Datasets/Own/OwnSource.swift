import Tensors

/// A place with samples that can be read one by one.
protocol OwnSource {
  /// The keys of the samples, stable as others arrive; a volume's slices share one.
  var keys: [String] { get }
  /// True if each pixel has a label of its own.
  var isSegmentation: Bool { get }
  /// The shape of the first sample; nil where there is none.
  func input() throws(DatasetError) -> Shape?
  /// The names of the labels that occur.
  func labelNames() throws(DatasetError) -> [String]
  /// Reads the sample or samples of key number `index` into `stack`.
  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError)
}

/// Samples of one shape as they gather in bounded memory, then a data set.
///
/// Bytes stay bytes until a sample of floating-point numbers or of 16 bits comes.
struct SampleStack {
  /// The shape of each sample, `[C, H, W]`.
  let input: Shape
  /// The meaning of labels.
  let names: ClassNames
  /// The treatment of pictures of another size.
  let fit: SampleFormat.Fit

  private let format: SampleFormat
  private let limit: Int
  private var bytes: [UInt8] = []
  private var floats: [Float] = []
  private var isFloating = false
  private var labels: [UInt16] = []

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
  }

  /// Adds one sample in the stack's shape, with its label or a label for each pixel.
  mutating func append(_ sample: Intensities, labels: [UInt16], path: String)
    throws(DatasetError)
  {
    let width = isFloating ? 4 : 1
    let (count, overflow) = (self.bytes.count + floats.count + input.count)
      .multipliedReportingOverflow(by: width)
    guard !overflow, count <= limit else {
      throw .tooLarge(path: path, announced: count, limit: limit)
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
}
