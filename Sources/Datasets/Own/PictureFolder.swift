import Tensors

/// Pictures in a folder per class, as people sort them by hand: `cat/0001.png`, `dog/…`.
struct PictureFolder: OwnSource {
  private let folder: DataFolder
  private let classes: [String]
  private let files: [(folder: String, name: String)]

  /// The most bytes of one picture's file.
  static let fileLimit = 1 << 28
  /// The files that systems leave in folders.
  static let clutter: Set<String> = ["Thumbs.db", "desktop.ini", "__MACOSX"]

  /// The pictures below `path`; each folder's name must be one of the format's classes.
  init(path: String, format: SampleFormat) throws(DatasetError) {
    folder = try DataFolder(dataset: "own images", path: path, remedy: "give the folder's path")
    let known = format.labels.map { ClassNames($0.names) }
    var (classes, files): ([String], [(String, String)]) = ([], [])
    for entry in try folder.entries() where !Self.clutter.contains(entry) {
      guard folder.isFolder(entry) else {
        throw .malformed(
          path: "\(path)/\(entry)", at: "file", reason: "this lies beside the folders of classes",
          remedy: "put it in the folder of its class, or take it away")
      }
      if let known, known.number(named: entry) == nil {
        throw .unknownClass(
          path: "\(path)/\(entry)", at: "folder", name: entry, known: known.names)
      }
      let inside = try DataFolder(
        dataset: "own images", path: "\(path)/\(entry)", remedy: "give the folder's path")
      for name in try inside.entries() where !Self.clutter.contains(name) {
        // A folder with a picture's name is refused when it is read; most entries aren't asked for.
        guard OwnPart.isPicture(name) || !inside.isFolder(name) else {
          throw .malformed(
            path: "\(inside.path)/\(name)", at: "folder", reason: "this lies in a class's folder",
            remedy: "put its pictures in the class's folder itself")
        }
        files.append((entry, name))
      }
      classes.append(entry)
    }
    self.classes = classes
    self.files = files
  }

  var keys: [String] { files.map { "\($0.folder)/\($0.name)" } }
  var isSegmentation: Bool { false }

  func files(_ index: Int) -> [SampleFile]? {
    let file = files[index]
    let name = "\(file.folder)/\(file.name)"
    return [SampleFile(path: "\(folder.path)/\(name)", name: name)]
  }

  /// The sizes of the files, each of which is read.
  func sizes() throws(DatasetError) -> [Int] {
    try files.map { (file) throws(DatasetError) in
      try RandomFile.contents(
        of: "\(folder.path)/\(file.folder)/\(file.name)", limit: Self.fileLimit
      ).count
    }
  }

  func input() throws(DatasetError) -> Shape? {
    guard let first = files.first else { return nil }
    let path = "\(folder.path)/\(first.folder)/\(first.name)"
    let bytes = try RandomFile.contents(of: path, limit: Self.fileLimit)
    return try Picture.header(of: bytes, path: path).shape
  }

  func labelNames() -> [String] { classes }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let file = files[index]
    let path = "\(folder.path)/\(file.folder)/\(file.name)"
    guard let label = stack.names.number(named: file.folder) else {
      throw .unknownClass(path: path, at: "folder", name: file.folder, known: stack.names.names)
    }
    let fit = PictureFit(input: stack.input, fit: stack.fit)
    let picture = try Picture.decode(
      RandomFile.contents(of: path, limit: Self.fileLimit), path: path
    ) { (header) throws(DatasetError) in try fit.check(header, path: path) }
    try stack.append(fit.intensities(of: picture), labels: [label], path: path)
  }
}

/// Pictures with a picture of labels each: `images/0001.png` and `labels/0001.png`, whose pixels
/// count the labels from 0.
struct MaskFolder: OwnSource {
  private let folder: DataFolder
  private let pairs: [(image: String, mask: String)]

  /// The pairs below `path`.
  init(path: String) throws(DatasetError) {
    folder = try DataFolder(dataset: "own images", path: path, remedy: "give the folder's path")
    func names(_ part: String) throws(DatasetError) -> [String] {
      try DataFolder(
        dataset: "own images", path: "\(path)/\(part)",
        remedy: "give a label picture for each image"
      ).entries().filter { !PictureFolder.clutter.contains($0) }
    }
    let masks = Dictionary(
      try names("labels").map { (Self.stem($0), $0) }, uniquingKeysWith: { first, _ in first })
    pairs = try names("images").map { (image) throws(DatasetError) in
      guard let mask = masks[Self.stem(image)] else {
        throw .missing(
          dataset: "own images", path: "\(path)/labels/\(Self.stem(image)).png",
          remedy: "give each image a label picture of the same name")
      }
      return ("\(path)/images/\(image)", "\(path)/labels/\(mask)")
    }
  }

  var keys: [String] {
    pairs.map { Self.stem($0.image.split(separator: "/").last.map(String.init) ?? "") }
  }
  var isSegmentation: Bool { true }

  func input() throws(DatasetError) -> Shape? {
    guard let first = pairs.first else { return nil }
    let bytes = try RandomFile.contents(of: first.image, limit: PictureFolder.fileLimit)
    return try Picture.header(of: bytes, path: first.image).shape
  }

  func files(_ index: Int) -> [SampleFile]? {
    [pairs[index].image, pairs[index].mask].map {
      SampleFile(path: $0, name: String($0.dropFirst(folder.path.count + 1)))
    }
  }

  func labelNames() throws(DatasetError) -> [String] {
    var largest = 0
    for pair in pairs {
      let bytes = try RandomFile.contents(of: pair.mask, limit: PictureFolder.fileLimit)
      let labels = try PNG.labels(of: bytes, path: pair.mask) { (_) throws(DatasetError) in }
      largest = max(largest, Int(labels.max() ?? 0))
    }
    return ClassNames.numbered(largest + 1)
  }

  func append(_ index: Int, to stack: inout SampleStack) throws(DatasetError) {
    let pair = pairs[index]
    let fit = PictureFit(input: stack.input, fit: stack.fit)
    let picture = try Picture.decode(
      RandomFile.contents(of: pair.image, limit: PictureFolder.fileLimit), path: pair.image
    ) { (header) throws(DatasetError) in try fit.check(header, path: pair.image) }
    let (rows, columns) = (picture.header.rows, picture.header.columns)
    let mask = try PNG.labels(
      of: RandomFile.contents(of: pair.mask, limit: PictureFolder.fileLimit), path: pair.mask
    ) { (header) throws(DatasetError) in
      guard header.rows == rows, header.columns == columns else {
        throw .wrongSize(
          path: pair.mask, found: [1, header.rows, header.columns], wanted: [1, rows, columns])
      }
    }
    for (place, label) in mask.enumerated() where Int(label) >= stack.names.names.count {
      throw .unknownClass(
        path: pair.mask, at: "row \(place / columns), column \(place % columns)",
        name: "\(label)", known: stack.names.names)
    }
    let labels = LabelFit.resized(mask, rows: rows, columns: columns, to: stack.input)
    try stack.append(fit.intensities(of: picture), labels: labels, path: pair.image)
  }

  private static func stem(_ name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}

/// The way of a picture's labels to other rows and columns.
enum LabelFit {
  /// The labels nearest to the middle of each new pixel.
  static func resized(_ labels: [UInt16], rows: Int, columns: Int, to input: Shape) -> [UInt16] {
    let (down, across) = (
      AxisWeights.nearest(from: rows, to: input.dimensions[1]),
      AxisWeights.nearest(from: columns, to: input.dimensions[2])
    )
    return down.flatMap { row in across.map { labels[row * columns + $0] } }
  }
}
