/// The samples of one split of a LEAF data set, as they gather from its files.
struct LEAFSamples {
  /// The images, 255 times what the files say.
  private(set) var pixels: [UInt8] = []
  /// The classes.
  private(set) var labels: [UInt16] = []
  /// The users.
  private(set) var users: [Int32] = []

  private let area: Int
  private let classes: Int
  private let limit: Int

  /// No samples yet, of `area` pixels each and at most `limit` pixels in all.
  init(area: Int, classes: Int, limit: Int) {
    self.area = area
    self.classes = classes
    self.limit = limit
  }

  /// Adds what the file `text` holds.
  mutating func read(_ text: inout JSONStream, users: inout LEAFUsers) throws(DatasetError) {
    var announced: Int?
    let before = labels.count
    var hasData = false
    try text.object { (key, text) throws(DatasetError) in
      switch key {
      case "num_samples":
        var sum = 0.0
        try text.array { (text) throws(DatasetError) in sum += try text.number() }
        announced = Int(exactly: sum) ?? -1
      case "user_data":
        hasData = true
        try text.object { (user, text) throws(DatasetError) in
          try readUser(user, &text, users: &users, fileStart: before)
        }
      default: try text.skip()
      }
    }
    try text.expectEnd()
    guard hasData else { throw text.malformed("there is no “user_data”") }
    if let announced, announced != labels.count - before {
      throw text.malformed(
        "“num_samples” announces \(announced) samples, but there are \(labels.count - before)")
    }
  }

  private mutating func readUser(
    _ name: String, _ text: inout JSONStream, users known: inout LEAFUsers, fileStart: Int
  ) throws(DatasetError) {
    let user = known.number(of: name)
    let (firstPixel, firstLabel) = (pixels.count, labels.count)
    try text.object { (key, text) throws(DatasetError) in
      switch key {
      case "x": try text.array { (text) throws(DatasetError) in try readImage(&text) }
      case "y":
        try text.array { (text) throws(DatasetError) in
          try readLabel(&text, fileStart: fileStart)
        }
      default: try text.skip()
      }
    }
    let (images, classes) = ((pixels.count - firstPixel) / area, labels.count - firstLabel)
    guard images == classes else {
      throw text.malformed("user \(name) has \(images) images, but \(classes) classes")
    }
    users += Array(repeating: user, count: classes)
  }

  private mutating func readImage(_ text: inout JSONStream) throws(DatasetError) {
    guard pixels.count + area <= limit else {
      throw .tooLarge(path: text.path, announced: pixels.count + area, limit: limit)
    }
    let first = pixels.count
    try text.array { (text) throws(DatasetError) in
      let value = try text.number()
      guard (0...1).contains(value) else {
        throw text.malformed("\(value) isn't in 0 … 1, black to paper")
      }
      guard pixels.count - first < area else {
        throw text.malformed("an image of more than \(area) pixels")
      }
      pixels.append(UInt8((255 * value).rounded()))
    }
    guard pixels.count - first == area else {
      throw text.malformed("an image of \(pixels.count - first) pixels, not \(area)")
    }
  }

  private mutating func readLabel(
    _ text: inout JSONStream, fileStart: Int
  ) throws(DatasetError) {
    // Classes come before or after images; neither may outgrow the limit.
    guard labels.count < limit else {
      throw .tooLarge(path: text.path, announced: labels.count, limit: limit)
    }
    let value = try text.number()
    guard let label = Int(exactly: value) else {
      throw text.malformed("\(value) isn't a class")
    }
    guard (0..<classes).contains(label) else {
      throw .labelOutOfRange(
        path: text.path, sample: labels.count - fileStart, label: label, classes: classes)
    }
    labels.append(UInt16(label))
  }
}
