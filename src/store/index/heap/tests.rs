//! Pieces are found where they were put, by their owners alone.

use super::*;

fn open(directory: &tempfile::TempDir) -> Heap {
    Heap::open(directory.path().join("heap"), 100).expect("a heap")
}

const OWNER: &[u8] = b"somebody";

fn add(heap: &Heap, piece: &[u8]) -> Place {
    let place = heap.add(OWNER, piece).expect("added");
    heap.write().expect("written");
    place
}

fn get(heap: &Heap, place: Place) -> io::Result<Vec<u8>> {
    heap.listing().piece(place)?.read(OWNER)
}

#[test]
fn every_piece_is_where_it_was_put_also_after_a_start_and_files_do_not_grow_beyond_their_size() {
    let directory = tempfile::tempdir().expect("directory");
    let pieces: Vec<Vec<u8>> = (0..40).map(|n| vec![n; usize::from(n)]).collect();
    let mut places = Vec::new();
    for pieces in pieces.chunks(7) {
        let heap = open(&directory);
        places.extend(
            pieces
                .iter()
                .map(|piece| heap.add(OWNER, piece).expect("added")),
        );
        heap.write().expect("written");
    }
    let heap = open(&directory);
    for (place, piece) in places.iter().zip(&pieces) {
        assert_eq!(Place::from_bytes(place.to_bytes()), *place);
        assert_eq!(&get(&heap, *place).expect("read"), piece);
    }
    let full = heap.full_files();
    assert_eq!(full.len() + 1, heap.listing().files.len());
    assert!(full.values().all(|length| (100..100 + 44).contains(length)));
}

#[test]
fn a_piece_with_one_other_bit_and_one_that_is_cut_short_are_damaged() {
    let directory = tempfile::tempdir().expect("directory");
    let heap = open(&directory);
    let (sound, place) = (add(&heap, b"anna"), add(&heap, b"ivan"));
    let is_there = |place| open(&directory).check(place).is_ok();
    let path = directory.path().join("heap/00000000");
    let mut bytes = fs::read(&path).expect("read");
    bytes[9] ^= 4;
    fs::write(&path, &bytes).expect("written");
    assert!(get(&heap, place).is_err());
    assert_eq!(get(&heap, sound).expect("read"), b"anna");
    assert!([place, sound].iter().all(|place| is_there(*place)));
    fs::write(&path, &bytes[..14]).expect("written");
    assert!(get(&heap, place).is_err());
    assert!(is_there(sound));
    assert!(!is_there(place));
    fs::remove_file(&path).expect("removed");
    assert!(!is_there(sound));
}

#[test]
fn a_piece_of_somebody_else_is_not_taken_for_ones_own() {
    let directory = tempfile::tempdir().expect("directory");
    let heap = open(&directory);
    let place = add(&heap, b"anna");
    let piece = heap.listing().piece(place).expect("there");
    assert!(piece.read(b"somebody else").is_err());
    assert_eq!(piece.read(OWNER).expect("read"), b"anna");
}

#[test]
fn who_is_about_to_read_a_piece_reads_it_although_its_file_is_deleted_meanwhile() {
    let directory = tempfile::tempdir().expect("directory");
    let heap = open(&directory);
    let place = add(&heap, b"anna");
    let piece = heap.listing().piece(place).expect("there");
    heap.delete(place.file).expect("deleted");
    assert_eq!(piece.read(OWNER).expect("read"), b"anna");
    assert!(get(&heap, place).is_err());
}

#[test]
fn what_a_process_that_died_wrote_and_told_nobody_of_is_written_behind() {
    let directory = tempfile::tempdir().expect("directory");
    let place = add(&open(&directory), b"anna");
    let path = directory.path().join("heap/00000000");
    let mut bytes = fs::read(&path).expect("read");
    bytes.extend_from_slice(b"half of a pie");
    fs::write(&path, &bytes).expect("written");
    let heap = open(&directory);
    let next = add(&heap, b"ivan");
    assert_eq!(get(&heap, place).expect("read"), b"anna");
    assert_eq!(get(&heap, next).expect("read"), b"ivan");
}
