/// The classes of a data set by their names, and what stands for each in files.
struct ClassNames {
  /// The names, in the order in which a network counts them.
  let names: [String]
  private let numbers: [String: UInt16]
  /// True if all names are numbers, so that a number in a file means the class so called.
  private let areNumbers: Bool

  /// The classes called `names`, of which no two are the same.
  init(_ names: [String]) {
    self.names = names
    numbers = Dictionary(
      zip(names, names.indices.map { UInt16(truncatingIfNeeded: $0) }),
      uniquingKeysWith: { first, _ in first })
    areNumbers = names.allSatisfy { Int($0) != nil }
  }

  /// The class called `name`, a number with or without zeros before it; nil if there is none.
  func number(named name: String) -> UInt16? {
    if let number = numbers[name] { return number }
    guard areNumbers, let value = Int(name) else { return nil }
    return names.firstIndex { Int($0) == value }.map { UInt16($0) }
  }

  /// The class that a label in the file at `path` means: the one so called, or, where names are
  /// words, the one that the number `name` counts from 0.
  func number(of name: String, path: String, at place: String) throws(DatasetError) -> UInt16 {
    let counted = areNumbers ? nil : Int(name).flatMap { names.indices.contains($0) ? $0 : nil }
    guard let number = number(named: name) ?? counted.map({ UInt16($0) }) else {
      throw .unknownClass(path: path, at: place, name: name, known: names)
    }
    return number
  }

  /// The names of `count` classes that have none: their numbers, of equal length.
  static func numbered(_ count: Int) -> [String] {
    let width = String(max(count - 1, 0)).count
    return (0..<count).map { number in
      let digits = String(number)
      return String(repeating: "0", count: width - digits.count) + digits
    }
  }

  /// True if `first` comes before `second`: numbers by their size and before words, words in
  /// code-point order.
  static func precede(_ first: String, _ second: String) -> Bool {
    switch (Int(first), Int(second)) {
    case (let first?, let second?) where first != second: first < second
    case (_?, nil): true
    case (nil, _?): false
    default: first.utf8.lexicographicallyPrecedes(second.utf8)
    }
  }
}

extension Dataset {
  /// The names of classes, or of the labels of pixels: those of its regions where each is one
  /// label, else numbers of equal length.
  package var labelNames: [String] {
    let isNamed = isSegmentation && regions.map(\.classes) == (1..<max(classes, 1)).map { [$0] }
    return isNamed ? ["background"] + regions.map(\.name) : ClassNames.numbered(classes)
  }
}

extension LabelRegion {
  /// Each label but the background, which comes first, by its name.
  package static func named(_ names: [String]) -> [LabelRegion] {
    names.indices.dropFirst().map { LabelRegion(names[$0], [$0]) }
  }
}
