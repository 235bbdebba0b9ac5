package import Tensors

/// The reason for which a data set can't be used: the fault, its file, and the remedy.
package enum DatasetError: Error, Hashable, Sendable {
  /// No data set has this name.
  case unknownName(String, known: [String])
  /// Nothing lies where the data should be, or no place was given, `path` nil.
  case missing(dataset: String, path: String?, remedy: String)
  /// A folder or file is there, and no sample in it.
  case noSamples(path: String)
  /// The files of a folder go on changing, so that no state of it could be read.
  case unstable(path: String)
  /// The system refused to open or read a file.
  case unreadable(path: String, reason: String)
  /// The system refused to write a file or folder.
  case unwritable(path: String, reason: String)
  /// Somebody ended the work on the samples at `path`.
  case interrupted(path: String)
  /// The compressed bytes are damaged: a wrong checksum or an impossible code.
  case damaged(path: String, reason: String)
  /// The file ends before what it announces, both counted in bytes of the uncompressed file.
  case truncated(path: String, needed: Int, available: Int)
  /// The file goes on after what it announces.
  case trailingBytes(path: String, expected: Int)
  /// The file doesn't begin as its format does.
  case wrongMagic(path: String, found: String, expected: String)
  /// The file announces more bytes than one of its size can hold.
  case impossible(path: String, announced: Int, possible: Int)
  /// The contents take more bytes than are allowed.
  case tooLarge(path: String, announced: Int, limit: Int)
  /// The slices of volumes take more bytes than are allowed, from the study at `path` on.
  case tooManySlices(path: String, limit: Int)
  /// Two files that belong together count differently.
  case countMismatch(path: String, count: Int, other: String, otherCount: Int)
  /// A label isn't one of the classes, which the file counts from `first` on.
  case labelOutOfRange(path: String, sample: Int, label: Int, first: Int = 0, classes: Int)
  /// The voxels of two volumes don't lie on each other in any order of their axes.
  ///
  /// `isUnknown` where one of the two doesn't say where its axes lead.
  case gridMismatch(
    path: String, grid: String, other: String, otherGrid: String, isUnknown: Bool)
  /// The file breaks its format's rules.
  case malformed(
    path: String, at: String, reason: String, remedy: String = "compare the file with its source")
  /// The samples at `path` are of a class, or have a label, that isn't known.
  case unknownClass(path: String, at: String, name: String, known: [String])
  /// A sample of the file has another shape than is wanted, both `[C, H, W]` or `[n]`.
  case wrongSize(path: String, found: Shape, wanted: Shape)
  /// A picture can't be decoded.
  case brokenPicture(path: String, reason: String)
  /// The file is right, but of a kind that isn't read here; the reason ends with what to do.
  case unsupported(path: String, reason: String)
}

extension DatasetError: CustomStringConvertible {
  /// The fault, its place, and the remedy.
  package var description: String {
    switch self {
    case .unknownName(let name, let known):
      "there is no data set “\(name)”; write one of \(known.joined(separator: ", "))"
    case .missing(let dataset, nil, let remedy): "\(dataset): data.path isn't given; \(remedy)"
    case .missing(let dataset, let path?, let remedy):
      "\(path): isn't there, and the data set \(dataset) needs it; \(remedy)"
    case .noSamples(let path):
      "\(path): no sample is in it; put samples in, or give another path"
    case .unstable(let path):
      "\(path): its files go on changing while they are read; let what writes them come to an end"
    case .unreadable(let path, let reason):
      "\(path): can't be read: \(reason); check the path and its permissions"
    case .unwritable(let path, let reason):
      "\(path): can't be written: \(reason); check the space that is left, and permissions"
    case .interrupted(let path): "\(path): interrupted before its end"
    case .damaged(let path, let reason):
      "\(path): the compressed data is damaged (\(reason)); "
        + "take another copy, or write it anew"
    case .truncated(let path, let needed, let available):
      "\(path): ends after \(available) of \(needed) bytes; "
        + "it was cut short: copy it again from where it is whole"
    case .trailingBytes(let path, let expected):
      "\(path): goes on after the \(expected) bytes that its header announces; "
        + "the header or the contents are of another file: compare it with its source"
    case .wrongMagic(let path, let found, let expected):
      "\(path): begins with \(found), not with \(expected); "
        + "this isn't the kind of file that its name says: give one that is"
    case .impossible(let path, let announced, let possible):
      "\(path): its header announces \(Self.bytes(announced)), but a file of this size holds "
        + "\(possible) at most; it was cut short or isn't what its name says: compare it with its source"
    case .tooLarge(let path, let announced, let limit):
      "\(path): takes \(Self.bytes(announced)) unpacked, and at most \(limit) are read; "
        + "leave a part of the data out"
    case .tooManySlices(let path, let limit):
      "\(path): with this study the slices take more than \(limit) bytes, which is all that is kept; "
        + "raise data.slices.every or step, lower its rows or columns, or leave studies out"
    case .countMismatch(let path, let count, let other, let otherCount):
      "\(path): holds \(count) samples, but \(other) holds \(otherCount); "
        + "use two files of the same release"
    case .labelOutOfRange(let path, let sample, let label, let first, let classes):
      "\(path): sample \(sample), counted from 0, has label \(label), which isn't in "
        + "\(first)…\(first + classes - 1); is it of the data set that data.name says?"
    case .gridMismatch(let path, let grid, let other, let otherGrid, let isUnknown):
      "\(path) (\(grid)) and \(other) (\(otherGrid)) don't lie voxel on voxel; "
        + (isUnknown
          ? "one doesn't say where its axes lead: copy the other's affine if it is made of the same voxels"
          : "no order of axes makes them: resample one to the other's grid, labels by nearest neighbour")
    case .malformed(let path, let place, let reason, let remedy):
      "\(path): \(place): \(reason); \(remedy)"
    case .unknownClass(let path, let place, let name, let known):
      "\(path): \(place): “\(name.prefix(80))” isn't one of the classes "
        + known.prefix(20).joined(separator: ", ") + (known.count > 20 ? ", …" : "")
        + "; rename it, take it away, or name it in the topology"
    case .wrongSize(let path, let found, let wanted):
      "\(path): is of \(found) (channels, rows, columns), where \(wanted) is wanted; "
        + "write data.fit: resize if rows and columns may change, or give others"
    case .brokenPicture(let path, let reason):
      "\(path): can't be decoded (\(reason)); take another copy, or take it away"
    case .unsupported(let path, let reason):
      "\(path): \(reason)"
    }
  }

  private static func bytes(_ count: Int) -> String {
    count == .max ? "more bytes than can be counted" : "\(count) bytes"
  }
}

extension DatasetError {
  /// The fault in words that name neither file nor class nor any other part of the samples.
  ///
  /// It is what may leave a client's machine: names of files are often those of people.
  package var kind: String {
    switch self {
    case .noSamples: "there are no samples"
    case .unstable: "the samples change while they are read"
    case .missing, .unknownName: "the samples aren't where they are looked for"
    case .unreadable: "a file or folder can't be read"
    case .damaged, .truncated, .trailingBytes, .wrongMagic, .impossible: "a file is damaged"
    case .tooLarge, .tooManySlices: "the samples take more memory than is allowed"
    case .countMismatch, .gridMismatch: "samples and labels don't belong together"
    case .labelOutOfRange, .unknownClass: "a class or label isn't one of the plan's"
    case .malformed: "a file or folder breaks the rules of its format"
    case .wrongSize(_, let found, let wanted):
      "a sample is of \(found), where the plan has \(wanted)"
    case .brokenPicture: "a picture can't be decoded"
    case .unsupported: "the samples are of a kind that isn't read"
    case .unwritable: "a file or folder can't be written"
    case .interrupted: "the work on the samples was interrupted"
    }
  }
}
