import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct BraTSTests {
  private static let older = ["_flair", "_t1", "_t1ce", "_t2", "_seg"]
  private static let newer = ["-t2f", "-t1n", "-t1c", "-t2w", "-seg"]

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A study in the folder `path`, whose last component its files begin with, with labels 0, 1, 2
  /// and `label`.
  private func write(
    _ path: String, _ endings: [String] = older, label: UInt8 = 4, ending: String = ".nii.gz"
  ) throws {
    let name = path.split(separator: "/").last ?? ""
    for (index, modality) in endings.enumerated() {
      let values: [UInt8] =
        modality.hasSuffix("seg") ? [0, 1, 2, label] : [1, 2, 3, UInt8(4 + index)]
      try folder.write(
        NIfTIBytes([2, 2, 1], values).bytes, to: "\(path)/\(name)\(modality)\(ending)")
    }
  }

  private func load(path: String = "", classes: Int = 2) throws -> DatasetSplit {
    try DatasetLoader.load(
      name: "brats", path: folder.path + path,
      options: .init(slices: SliceGeometry(rows: 2, columns: 2), classes: classes))
  }

  private func error() throws -> String {
    try #require(throws: DatasetError.self) { try load() }.description
  }

  @Test(arguments: ["", "MICCAI_BraTS_2018_Data_Training/", "a/b/"])
  func `high and low grades are found in their folders, below one parent`(parent: String) throws {
    for (grade, names) in [("HGG", ["p1", "p4", "p2"]), ("LGG", ["p3", "p0"])] {
      for name in names { try write("\(parent)\(grade)/Brats18_\(name)") }
    }
    try folder.write([1], to: "\(parent)survival_data.csv")
    try folder.write([1], to: "__MACOSX/\(parent)HGG/Brats18_p1/._Brats18_p1_flair.nii.gz")
    let split = try load()
    #expect(split.train.userNames == ["p1", "p2", "p4", "p0", "p3"].map { "Brats18_\($0)" })
    #expect(split.train.users == [0, 1, 3, 4] && split.test.users == [2])
    #expect(split.test.labels == [0, 1, 2, 3])
  }

  @Test func `patients of one name in two folders are two`() throws {
    for path in ["HGG/a", "LGG/a", "LGG/b"] { try write(path) }
    #expect(try load().train.userNames == ["HGG/a", "LGG/a", "LGG/b"])
  }

  @Test func `the enhancing tumour is 4 up to 2021 and 3 since 2023`() throws {
    for patient in 0..<3 { try write("case\(patient)", Self.newer, label: 3) }
    #expect(try load().test.labels == [0, 1, 2, 3])
    for patient in 0..<3 { try write("case\(patient)", Self.newer, label: 4) }
    let split = try load()
    #expect(split.test.labels == [0, 1, 2, 0] && split.test.classes == 4)
    let remark = try #require(split.remarks.first)
    #expect(remark.contains("resection cavity") && remark.contains("in 3 studies"))
    let five = try load(classes: 5)
    #expect(five.test.labels == [0, 1, 2, 4] && five.test.classes == 5 && five.remarks.isEmpty)
    #expect(five.test.regions.last == LabelRegion("resection cavity", [4]))
    #expect(five.test.regions.first == LabelRegion("whole tumour", [1, 2, 3]))
  }

  @Test func `a label that the release doesn't have is refused with its labels`() throws {
    for patient in 0..<3 { try write("case\(patient)", label: 3) }
    #expect(try error().contains("3.0 isn't a class; up to 2021 labels are 0, 1, 2 and 4"))
    for patient in 0..<3 {
      for modality in Self.older {
        try folder.remove("case\(patient)/case\(patient)\(modality).nii.gz")
      }
      try write("case\(patient)", Self.newer, label: 5)
    }
    #expect(try error().contains("5.0 isn't a class; since 2023 labels are 0 to 3, and 4"))
  }

  @Test func `several visits are one patient's`() throws {
    for visit in ["00001-100", "00001-101", "00002-100", "00003-100", "00003-101", "00004-100"] {
      try write("BraTS-GLI-\(visit)", Self.newer, label: 3)
    }
    let split = try load()
    #expect(split.train.userNames == (1...4).map { "BraTS-GLI-0000\($0)" })
    #expect(split.train.users == [0, 0, 1, 3] && split.test.users == [2, 2])
  }

  @Test(arguments: [older, newer], 0..<5)
  func `a study that lacks a file says which`(endings: [String], missing: Int) throws {
    for patient in 0..<4 { try write("HGG/case\(patient)", endings, label: 1) }
    try folder.remove("HGG/case2/case2\(endings[missing]).nii.gz")
    let error = try error()
    #expect(error.contains("HGG/case2/case2\(endings[missing]).nii.gz: isn't there"))
    #expect(error.contains("complete the study or take its folder away; in it are case2"))
    #expect(!error.contains("other"))
  }

  @Test func `all incomplete studies are counted, empty folders among them`() throws {
    for patient in 0..<4 { try write("case\(patient)") }
    for modality in ["_t1ce", "_seg"] { try folder.remove("case1/case1\(modality).nii.gz") }
    try folder.write([0], to: "case3/case3_extra.txt")
    for modality in Self.older { try folder.remove("case3/case3\(modality).nii.gz") }
    let error = try error()
    #expect(error.contains("case1/case1_t1ce.nii.gz: isn't there"))
    #expect(error.contains("nor are case1_seg"))
    #expect(error.contains("another study lacks files too: case3"))
  }

  @Test func `a folder without patients, or with few, says so`() throws {
    try folder.write([0], to: "readme.txt")
    #expect(try error().contains("no folder in it holds a patient's volumes"))
    for patient in 0..<2 { try write("case\(patient)") }
    #expect(try error().contains("2 patients don't suffice"))
  }

  @Test func `pairs and plain files are found, two of one volume refused`() throws {
    for patient in 0..<3 { try write("case\(patient)", ending: patient == 0 ? ".nii" : ".nii.gz") }
    #expect(try load().test.count == 1)
    try write("case0", ending: ".nii.gz")
    #expect(try error().contains("leave one of the two"))
  }

  private static let quoted = """
    "","Partition_ID","Subject_ID"\r
    "1","2","case0"\r
    "2","site ""B"", north","case1"\r
    \r
    "3",2,case2\r
    "4","2","somebody else"\r

    """

  @Test(arguments: [
    quoted, "\u{FEFF}" + quoted, quoted.replacing("\r", with: ""),
    "Subject_ID;Partition_ID\ncase0;2\ncase1;\"site \"\"B\"\", north\"\ncase2; 2",
    "subject_id\tPARTITION_ID\r\rcase0\t2\rcase1\t\"site \"\"B\"\", north\"\rcase2\t2\r",
  ])
  func `the partition of FeTS is read from any program's table`(table: String) throws {
    for patient in 0..<3 { try write("FeTS/inner/case\(patient)") }
    for place in ["FeTS/", "FeTS/inner/", ""] {
      let table = try folder.write(Array(table.utf8), to: "\(place)partitioning_1.csv")
      let split = try load()
      #expect(split.train.userNames == ["2", "site \"B\", north"])
      #expect(split.train.users == [0, 1] && split.test.users == [0])
      try FileManager.default.removeItem(atPath: table)
    }
  }

  @Test(arguments: [
    ("a,b,c\n1,case0,x\n", "Partition_ID and Subject_ID"),
    ("Partition_ID,Subject_ID\n1,case0\n2,case0\n", "line 3: case0 has another site above"),
    ("Partition_ID,Subject_ID\n1,case0\n1,case1,2\n", "line 3: 3 cells under a heading of 2"),
    ("Partition_ID,Subject_ID\n1,\"case0\n", "line 2: a quoted cell doesn't end"),
    ("Partition_ID,Subject_ID\n1,case0\n1,case1\n", "case2 isn't in it; add a row"),
    ("\n\n", "the table is empty"),
  ])
  func `a wrong table is refused with its line`(table: String, words: String) throws {
    for patient in 0..<3 { try write("case\(patient)") }
    try folder.write(Array(table.utf8), to: "partitioning_1.csv")
    let error = try error()
    #expect(error.contains(words) && error.contains("partitioning_1.csv"), "\(error)")
  }
}
