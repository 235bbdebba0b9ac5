// Checks the sizes of files, types and modules, and the form of comments.
//
//   .ci/sizes              checks; prints one line, or one for each fault, and then exits with 1
//   .ci/sizes --table      prints files, lines and the median file of each module
//   .ci/sizes --self-test  looks at sources that are wrong in one way each
//
// The rules: a Swift file has 31 to 400 lines. A type has at most 600 lines with all its extensions in
// its module. A module has at most 4,000 lines, or its page a paragraph "Size: …" with the reason. A
// comment ends at column 100. The summary of a doc comment doesn't begin with a question word. Each
// module has a page, Sources/X/X.docc/X.md. Generated code is left out. Tests have no lower limit of
// lines and no rule for summaries.
import Foundation

/// The limits, in lines.
let limits = (smallest: 31, largest: 400, type: 600, module: 4000, column: 100)

/// Words with which no doc summary begins.
let questions = ["What", "How", "Whether", "Who", "Where", "Why"]

/// A file of a module.
struct Source {
  var path: String
  var text: String

  var lines: [Substring] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.last == "" ? lines.dropLast() : lines
  }
}

/// A module with its page.
struct Module {
  var name: String
  var sources: [Source]
  var page: String?

  var lines: Int { sources.reduce(0) { $0 + $1.lines.count } }

  var median: Int {
    let counts = sources.map(\.lines.count).sorted()
    return counts.isEmpty ? 0 : counts[(counts.count - 1) / 2]
  }

  /// Everything that is wrong; `isTest` leaves out what holds for sources alone.
  func faults(isTest: Bool = false) -> [String] {
    var faults = sources.flatMap { Self.faults(of: $0, isTest: isTest) }
    guard !isTest else { return faults }
    for (type, lines) in types.sorted(by: { $0.key < $1.key }) where lines > limits.type {
      faults.append(
        "\(name).\(type) has \(lines) lines with its extensions, more than \(limits.type); "
          + "cut it into values with behaviour")
    }
    guard let page else {
      return faults + ["\(name) has no page; write Sources/\(name)/\(name).docc/\(name).md"]
    }
    let reasons = page.split(separator: "\n").contains { $0.hasPrefix("Size: ") }
    if lines > limits.module, !reasons {
      faults.append(
        "\(name) has \(lines) lines, more than \(limits.module); split it, or give the reason on its "
          + "page in a paragraph that begins with “Size: ”")
    }
    return faults
  }

  private static func faults(of source: Source, isTest: Bool) -> [String] {
    var faults: [String] = []
    let lines = source.lines
    if lines.count > limits.largest {
      faults.append(
        "\(source.path) has \(lines.count) lines, more than \(limits.largest); split it")
    }
    if lines.count < limits.smallest, !isTest {
      faults.append("\(source.path) has \(lines.count) lines; join it with the type that uses it")
    }
    var isDocumentation = false
    for (index, line) in lines.enumerated() {
      let comment = line.drop { $0 == " " }
      guard comment.hasPrefix("//") else {
        isDocumentation = false
        continue
      }
      if line.count > limits.column {
        faults.append(
          "\(source.path):\(index + 1) is a comment of \(line.count) columns, more than "
            + "\(limits.column)")
      }
      let summary =
        !isTest && comment.hasPrefix("/// ") && !isDocumentation ? comment.dropFirst(4) : ""
      isDocumentation = comment.hasPrefix("///")
      if let word = questions.first(where: {
        summary.hasPrefix("\($0) ") || summary.hasPrefix("\($0)'")
      }) {
        faults.append(
          "\(source.path):\(index + 1) documents with “\(word) …”; write a noun or verb phrase")
      }
    }
    return faults
  }

  /// The lines of each type by its name, its extensions and what is nested in them included.
  ///
  /// Reads declarations that begin a line and end with a brace at the same indentation, which is how
  /// swift-format writes them.
  var types: [String: Int] {
    let declaration =
      #/^(?:@\w+(?:\([^)]*\))? )*(?:(?:public|package|internal|fileprivate|private|final|indirect|nonisolated) )*(?:struct|class|enum|actor|protocol|extension) ([A-Za-z_][\w.]*)/#
    var types: [String: Int] = [:]
    for source in sources {
      var open: (name: String, start: Int)?
      for (index, line) in source.lines.enumerated() {
        if let (name, start) = open {
          guard line == "}" else { continue }
          types[name, default: 0] += index - start + 1
          open = nil
        } else if let match = line.prefixMatch(of: declaration) {
          let name = String(match.1)
          if line.hasSuffix("}") {
            types[name, default: 0] += 1
          } else {
            open = (name, index)
          }
        }
      }
    }
    return types
  }
}

/// The modules below a folder.
func modules(in folder: String) throws -> [Module] {
  let files = FileManager.default
  return try files.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
    let root = "\(folder)/\(name)"
    let paths = (files.enumerator(atPath: root)?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".swift") && !$0.hasSuffix(".pb.swift") }.sorted()
    guard !paths.isEmpty else { return nil }
    let sources = try paths.map {
      Source(
        path: "\(root)/\($0)", text: try String(contentsOfFile: "\(root)/\($0)", encoding: .utf8))
    }
    let page = try? String(contentsOfFile: "\(root)/\(name).docc/\(name).md", encoding: .utf8)
    return Module(name: name, sources: sources, page: page)
  }
}

/// A table of modules and their sizes.
func table(_ modules: [Module]) -> String {
  func row(_ cells: [String]) -> String {
    zip(cells, [16, 7, 8, 8, 9]).map { cell, width in
      let gap = String(repeating: " ", count: max(1, width - cell.count))
      return cell.first?.isNumber == true ? gap + cell : cell + gap
    }.joined()
  }
  func row(_ name: String, _ sources: [Source]) -> String {
    let module = Module(name: name, sources: sources)
    let largest = sources.map(\.lines.count).max() ?? 0
    return row([name] + [sources.count, module.lines, module.median, largest].map(String.init))
  }
  let head = row(["module", "  files", "   lines", "  median", "  largest"])
  let rows = modules.map { row($0.name, $0.sources) }
  return ([head] + rows + [row("all", modules.flatMap(\.sources))]).joined(separator: "\n")
}

/// Modules that are wrong in one way each, with what the check must say of them.
func selfTest() -> [String] {
  func text(_ lines: Int, _ some: String = "") -> String {
    some + String(repeating: "let x = 0\n", count: lines - some.filter { $0 == "\n" }.count)
  }
  func type(_ declaration: String, lines: Int) -> String {
    text(lines - 1, "\(declaration) {\n") + "}\n"
  }
  let wide = "// " + String(repeating: "é", count: 98) + "\n"
  let cases: [(sources: [String], page: String?, expected: [String])] = [
    ([text(31), text(400)], "", []),
    ([text(30)], "", ["0.swift has 30 lines; join it with the type that uses it"]),
    ([text(401)], "", ["0.swift has 401 lines, more than 400; split it"]),
    ([text(40)], nil, ["M has no page; write Sources/M/M.docc/M.md"]),
    ([text(40, wide)], "", ["0.swift:1 is a comment of 101 columns, more than 100"]),
    ([text(40, wide.replacingOccurrences(of: "éé", with: "é"))], "", []),
    (
      [text(40, "/// Why not.\n")], "",
      ["0.swift:1 documents with “Why …”; write a noun or verb phrase"]
    ),
    ([text(40, "/// A sum.\n/// What follows.\n/// Whatever.\n// Why not.\n")], "", []),
    (
      [type("struct A", lines: 301), type("extension A: B", lines: 300)], "",
      ["M.A has 601 lines with its extensions, more than 600; cut it into values with behaviour"]
    ),
    (
      [type("public final class A<B>", lines: 300), type("package extension A", lines: 300)], "", []
    ),
    ([type("struct A", lines: 301), type("enum B", lines: 300)], "", []),
    (
      Array(repeating: text(400), count: 10) + [text(31)], "# M\n",
      [
        "M has 4031 lines, more than 4000; split it, or give the reason on its page in a paragraph "
          + "that begins with “Size: ”"
      ]
    ),
    (Array(repeating: text(400), count: 10) + [text(31)], "# M\n\nSize: many formats.\n", []),
  ]
  return cases.compactMap { sources, page, expected in
    let files = sources.enumerated().map { Source(path: "\($0).swift", text: $1) }
    let found = Module(name: "M", sources: files, page: page).faults()
    return found == expected ? nil : "expected \(expected), found \(found)"
  }
}

let isSelfTest = CommandLine.arguments.contains("--self-test")
var faults: [String]
var success = "the check finds what is wrong"
do {
  if isSelfTest {
    faults = selfTest()
  } else {
    let (sources, tests) = (try modules(in: "Sources"), try modules(in: "Tests"))
    if CommandLine.arguments.contains("--table") {
      print(table(sources))
      exit(0)
    }
    faults = sources.flatMap { $0.faults() } + tests.flatMap { $0.faults(isTest: true) }
    let files = sources.flatMap(\.sources)
    success =
      "\(files.count) files in \(sources.count) modules keep to their limits, median "
      + "\(Module(name: "", sources: files).median) lines"
  }
} catch {
  faults = ["\(error)"]
}
for fault in faults { print("sizes: \(fault)") }
guard faults.isEmpty else { exit(1) }
print("sizes: \(success)")
