//! What is in files, and what becomes of it: lines of so few kinds that a hunk finds more places than one, and bytes that
//! are no text at all.

use bstr::ByteSlice;
use fastrand::Rng;

const LINES: [&[u8]; 14] = [
    b"\n",
    b"\n",
    b"}\n",
    b"}\n",
    b"    }\n",
    b"{\n",
    b"    return 0;\n",
    b"int main(void)\n",
    b"\tif (x) {\n",
    b"a\n",
    b"b\n",
    b"c \n",
    b"- dash\n",
    b"+ plus\n",
];

/// A new file's content.
pub fn content(random: &mut Rng) -> Vec<u8> {
    let mut bytes =
        match random.u8(..24) {
            0 => Vec::new(),
            1 | 2 => return binary(random),
            3 => lines(random, 20, |random| [line(random).trim_end(), b"\r\n"].concat()),
            4 => lines(random, 20, |random| {
                if random.bool() { line(random) } else { [line(random).trim_end(), b"\r\n"].concat() }
            }),
            5 => lines(random, 12, |random| [b"\xe9\xff ", line(random).as_slice()].concat()),
            6 => lines(random, 3, |random| {
                let mut long = vec![b'x'; random.usize(200..3000)];
                long.push(b'\n');
                long
            }),
            7 => lines(random, 200, |random| format!("{}\n", random.u8(..30)).into_bytes()),
            8..14 => {
                let count = random.usize(1..60);
                (1..=count).map(|number| format!("line {number}\n")).collect::<String>().into_bytes()
            }
            14 => lines(random, 300, line),
            _ => lines(random, 40, line),
        };
    if random.u8(..6) == 0 && bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}

/// The same content, changed in a place or a few.
pub fn edit(random: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    if bytes.contains(&0) {
        return edit_binary(random, bytes.to_owned());
    }
    let mut lines: Vec<Vec<u8>> = bytes.lines_with_terminator().map(<[u8]>::to_vec).collect();
    for _ in 0..random.usize(1..4) {
        edit_lines(random, &mut lines);
    }
    // Only a last line can do without its end.
    let last = lines.len().saturating_sub(1);
    for line in lines.iter_mut().take(last).filter(|line| line.last() != Some(&b'\n')) {
        line.push(b'\n');
    }
    let mut bytes = lines.concat();
    match random.u8(..16) {
        0 if bytes.last() == Some(&b'\n') => drop(bytes.pop()),
        1 if bytes.last().is_some_and(|&byte| byte != b'\n') => bytes.push(b'\n'),
        2 => bytes = bytes.replace("\r\n", "\n"),
        3 if random.bool() => bytes = bytes.replace("\n", "\r\n"),
        _ => {}
    }
    bytes
}

fn edit_lines(random: &mut Rng, lines: &mut Vec<Vec<u8>>) {
    let count = lines.len();
    // The ends of a file are anchors: they are hit more often than chance would.
    let at = match random.u8(..8) {
        0 => 0,
        1 => count,
        _ => random.usize(..=count),
    };
    let end = (at + random.usize(..4)).min(count);
    match random.u8(..9) {
        0 => drop(lines.drain(at..end)),
        1 => {
            let block = lines[at..end].to_vec();
            lines.splice(at..at, block);
        }
        2 => {
            let block: Vec<_> = lines.drain(at..end).collect();
            let to = random.usize(..=lines.len());
            lines.splice(to..to, block);
        }
        3 if at < count => {
            let line = &mut lines[at];
            let place = random.usize(..line.len().max(1)).min(line.len());
            line.insert(place, random.u8(b'a'..=b'z'));
        }
        4 | 5 => {
            let new: Vec<_> = (0..random.usize(1..4)).map(|_| line(random)).collect();
            lines.splice(at..at, new);
        }
        6 => lines.splice(at..at, [format!("new {}\n", random.u16(..)).into_bytes()]).for_each(drop),
        _ => {
            let new: Vec<_> = (0..random.usize(1..4)).map(|_| line(random)).collect();
            lines.splice(at..end, new).for_each(drop);
        }
    }
}

fn line(random: &mut Rng) -> Vec<u8> {
    LINES[random.usize(..LINES.len())].to_owned()
}

fn lines(random: &mut Rng, most: usize, mut line: impl FnMut(&mut Rng) -> Vec<u8>) -> Vec<u8> {
    (0..random.usize(..=most)).flat_map(|_| line(random)).collect()
}

/// Bytes that git takes for binary, sometimes such that a delta of them is worth it.
fn binary(random: &mut Rng) -> Vec<u8> {
    let mut bytes: Vec<u8> = match random.bool() {
        true => (0..random.usize(..600)).map(|_| random.u8(..)).collect(),
        false => (0..random.usize(..4000)).map(|number| (number / 7) as u8).collect(),
    };
    bytes.insert(0, 0);
    bytes
}

fn edit_binary(random: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(..30)).min(bytes.len());
        let new: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
        bytes.splice(at..end, new);
    }
    bytes
}
