import Datasets
import Foundation
import TestSupport
import Testing

/// The state of a folder of somebody's own, by which changes are noticed.
@Suite struct FolderStateTests {
  private let folder: Folder

  init() throws {
    folder = try Folder()
    for name in ["cat", "dog"] {
      try FileManager.default.createDirectory(
        at: folder.url.appending(path: name), withIntermediateDirectories: true)
      for number in 0..<3 { _ = try folder.write("\(name)\(number)", to: "\(name)/\(number).png") }
    }
  }

  private var state: FolderState { FolderState(of: folder.url.path) }

  @Test func `a folder that nobody touches keeps its state`() {
    #expect(state == state)
    #expect(state.files == 6)
    #expect(FolderState(of: folder.path("cat/0.png")).files == 1)
    #expect(FolderState(of: folder.path("none")).files == 0)
  }

  @Test func `whatever is added, taken away, renamed or written anew changes it`() throws {
    let files = FileManager.default
    var states = [state]
    _ = try folder.write("cat3", to: "cat/3.png")
    states.append(state)
    try files.moveItem(atPath: folder.path("cat/3.png"), toPath: folder.path("dog/3.png"))
    states.append(state)
    // As many bytes as before.
    _ = try folder.write("dog7", to: "dog/3.png")
    states.append(state)
    try files.removeItem(atPath: folder.path("dog/3.png"))
    states.append(state)
    try files.createDirectory(atPath: folder.path("bird"), withIntermediateDirectories: true)
    states.append(state)
    for (index, pair) in zip(states, states.dropFirst()).enumerated() {
      #expect(pair.0 != pair.1, "change \(index) goes unnoticed")
    }
    // As it was before all that is as it was.
    try files.removeItem(atPath: folder.path("bird"))
    #expect(state == states[0])
    #expect(states.map(\.files) == [6, 7, 7, 7, 6, 6])
  }

  @Test func `hidden files are none of the samples`() throws {
    let before = FolderState(of: folder.path("cat/0.png"))
    _ = try folder.write("x", to: "dog/.DS_Store")
    #expect(state.files == 6)
    #expect(FolderState(of: folder.path("cat/0.png")) == before)
  }

  @Test(.timeLimit(.minutes(1))) func `links in a circle come to an end`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("cat/again"), withDestinationPath: folder.url.path)
    #expect(state.files > 6)
  }
}
