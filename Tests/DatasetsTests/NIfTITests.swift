import Datasets
import TestSupport
import Testing

@Suite struct NIfTITests {
  private func read(_ contents: NIfTIBytes, as name: String = "volume.nii.gz", limit: Int = 1 << 20)
    throws -> NIfTIVolume
  {
    let folder = try TemporaryFolder()
    return try NIfTIVolume(path: folder.write(contents.bytes, to: name), limit: limit)
  }

  private func error(_ contents: NIfTIBytes, as name: String = "volume.nii") throws -> DatasetError
  {
    try #require(throws: DatasetError.self, performing: { try read(contents, as: name) })
  }

  @Test(arguments: [false, true], ["volume.nii", "volume.nii.gz"])
  func `voxels of every type and byte order are read`(isBigEndian: Bool, name: String) throws {
    func check(_ contents: NIfTIBytes, _ expected: [Float]) throws {
      var contents = contents
      contents.isBigEndian = isBigEndian
      let volume = try read(contents, as: name)
      #expect(volume.values == expected && volume.extents == [3, 1, 1, 1], "type \(contents.type)")
    }
    try check(NIfTIBytes([3], [0, 1, 255]), [0, 1, 255])
    try check(NIfTIBytes([3], [0, -1, 127] as [Int8], type: 256), [0, -1, 127])
    try check(NIfTIBytes([3, 1], [0, -2, 300] as [Int16], type: 4), [0, -2, 300])
    try check(NIfTIBytes([3, 1, 1], [0, 2, 65_535] as [UInt16], type: 512), [0, 2, 65_535])
    try check(NIfTIBytes([3], [0, -5, 70_000] as [Int32], type: 8), [0, -5, 70_000])
    try check(NIfTIBytes([3], [0, 5, 3_000_000_000] as [UInt32], type: 768), [0, 5, 3e9])
    try check(NIfTIBytes([3], [0, -5, 1 << 40] as [Int64], type: 1024), [0, -5, 0x1p40])
    try check(NIfTIBytes([3], [0, 5, 1 << 63] as [UInt64], type: 1280), [0, 5, 0x1p63])
    let floats: [Float] = [0, -1.5, 1e30]
    try check(NIfTIBytes([3], floats.map(\.bitPattern), type: 16), floats)
    let doubles: [Double] = [0, -1.5, 0.125]
    try check(NIfTIBytes([3], doubles.map(\.bitPattern), type: 64), [0, -1.5, 0.125])
  }

  @Test(arguments: [
    (Float(2), Float(1), [Float(1), 21]), (.nan, .nan, [0, 10]), (0, 5, [0, 10]),
    (1, .nan, [0, 10]),
    (-0.5, 0, [0, -5]),
  ])
  func `scaling is applied, and is none where the slope is zero or not a number`(
    slope: Float, intercept: Float, expected: [Float]
  ) throws {
    var contents = NIfTIBytes([2], [0, 10])
    (contents.slope, contents.intercept) = (slope, intercept)
    #expect(try read(contents).values == expected)
    contents = NIfTIBytes([2], [0, 10] as [Int16], type: 4)
    (contents.slope, contents.intercept) = (slope, intercept)
    #expect(try read(contents).values == expected)
  }

  @Test func `extensions before the voxels are skipped`() throws {
    var contents = NIfTIBytes([2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    contents.offset = 384
    let volume = try read(contents)
    #expect(volume.values == [1, 2, 3, 4, 5, 6, 7, 8] && volume.extents == [2, 2, 1, 2])
  }

  @Test func `a file cut anywhere is refused`() throws {
    let folder = try TemporaryFolder()
    let whole = NIfTIBytes([2, 3], [1, 2, 3, 4, 5, 6]).bytes
    for length in 0..<whole.count {
      let path = try folder.write(Array(whole.prefix(length)), to: "volume.nii")
      #expect(throws: DatasetError.self, "\(length) bytes") {
        try NIfTIVolume(path: path, limit: 1 << 20)
      }
    }
  }

  @Test func `every single byte of a header may be wrong`() throws {
    let folder = try TemporaryFolder()
    let whole = NIfTIBytes([2, 3], [1, 2, 3, 4, 5, 6]).bytes
    for place in 0..<352 {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var bytes = whole
        bytes[place] = value
        let path = try folder.write(bytes, to: "volume.nii")
        do throws(DatasetError) {
          let volume = try NIfTIVolume(path: path, limit: 1 << 20)
          #expect(volume.values.count == 6)
        } catch { #expect(error.description.contains("volume.nii")) }
      }
    }
  }

  @Test func `wrong beginnings, pairs and NIfTI-2 are told apart`() throws {
    var contents = NIfTIBytes([2], [1, 2])
    contents.headerSize = 347
    guard case .wrongMagic = try error(contents) else { throw TestFailure() }
    contents.headerSize = 540
    #expect(try error(contents).description.contains("NIfTI-2"))
    contents.headerSize = 348
    contents.mark = "ni1\0"
    #expect(try error(contents).description.contains("second file"))
    contents.mark = "abcd"
    guard case .wrongMagic = try error(contents) else { throw TestFailure() }
  }

  @Test func `what can't be read is refused by name`() throws {
    var contents = NIfTIBytes([2], [1, 2])
    contents.type = 128
    #expect(try error(contents).description.contains("data type 128"))
    #expect(try error(contents).description.contains("RGB"))
    contents.type = 4
    #expect(try error(contents).description.contains("bitpix"))
    contents = NIfTIBytes([2], [1, 2])
    for offset in [Float(0), 351, 352.5, .nan, .infinity, -.infinity, 1e30] {
      contents.offset = offset
      #expect(try error(contents).description.contains("vox_offset"), "\(offset)")
    }
    #expect(try error(NIfTIBytes([1, 1, 1, 1, 2], [1, 2])).description.contains("four axes"))
    #expect(try error(NIfTIBytes([2, -1], [1, 2])).description.contains("isn't positive"))
    #expect(try error(NIfTIBytes([], [1, 2])).description.contains("dim[0]"))
    let infinite = NIfTIBytes([1], [Float.infinity.bitPattern], type: 16)
    #expect(try error(infinite).description.contains("finite"))
  }

  @Test(arguments: ["volume.nii", "volume.nii.gz"])
  func `a header that announces more than the file can hold costs no memory`(name: String) throws {
    let liar = NIfTIBytes([32_767, 32_767, 32_767, 32_767], [1, 2])
    guard case .impossible = try error(liar, as: name) else { throw TestFailure() }
  }

  @Test func `bytes behind the voxels are refused`() throws {
    guard case .trailingBytes = try error(NIfTIBytes([2], [1, 2, 3])) else { throw TestFailure() }
  }
}
