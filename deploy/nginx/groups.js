// Cache groups for nginx, which knows of none. Each has a generation, and the generations of what an answer is
// about are part of the key that it is kept under. To purge a group is to give it another generation: whatever is
// kept, in all its variants, and whatever is being fetched at that moment, is under a key that nobody asks for again.
//
// What an answer is about is told by its address, since its Surrogate-Key is not there yet when the key is made. An
// answer must have among its groups here each that its Surrogate-Key names, or what stands for it; that it does is
// tested for every route (e2e/tests/gateway/groups.rs).
import fs from 'fs';

// Lists. A single genre, tag, platform or person goes with the list that it is in: when one changes, so does that, and
// Cinelog purges both.
const NOUNS = ['genres', 'tags', 'platforms', 'people'];
const LISTS = ['movies'].concat(NOUNS);

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// Films share 4,096 generations, by the end of their id, so that the folder has a bound.
function of_film(id) {
    return 'film-' + id.slice(-3).toLowerCase();
}

// What the answer at a path is about, as the server sees it: not decoded, nothing folded.
function groups(path) {
    const segments = path.split('/');
    const first = segments[2], second = segments[3], third = segments[4];
    if (segments[0] !== '' || segments[1] !== 'v1') {
        return [];
    }
    if (first === 'movies' && segments.length === 3) {
        return ['movies'];
    }
    if (first === 'movies' && ID.test(second)) {
        return NOUNS.indexOf(third) < 0 ? [of_film(second)] : [of_film(second), third];
    }
    if (NOUNS.indexOf(first) >= 0) {
        return third === 'movies' ? [first, 'movies'] : [first];
    }
    // Nothing that is kept, or an address that this table does not know.
    return LISTS;
}

// A group that was never purged has an empty file. Did it have none, njs would collect a stack trace for each look at
// it, which takes ten times what all the rest of a request does. To append nothing makes a file, and leaves one that is
// there as it is.
function make(folder, names) {
    try {
        names.forEach(name => fs.writeFileSync(folder + '/' + name, '', {flag: 'a'}));
    } catch (e) {
        // Slow, and right.
    }
}

// All that there are. First what says that they were made.
function all_names() {
    const names = ['all'].concat(LISTS);
    for (let number = 0; number < 4096; number++) {
        names.push(of_film((4096 + number).toString(16)));
    }
    return names;
}

function read(folder, name) {
    try {
        return fs.readFileSync(folder + '/' + name, 'utf8');
    } catch (e) {
        make(folder, name === 'all' ? all_names() : [name]);
        return '';
    }
}

// The generations of what a request is about, and the one of all: a part of the key. Runs for each request, so it is
// written to cost little.
function generations(r) {
    const folder = r.variables.groups_folder, uri = r.variables.request_uri;
    const end = uri.search(/[?#]/);
    const names = groups(end < 0 ? uri : uri.slice(0, end));
    let key = read(folder, 'all');
    for (let at = 0; at < names.length; at++) {
        key += '.' + read(folder, names[at]);
    }
    return key;
}

// The generation that a group has here, by the name that Surrogate-Key has for it.
function name_of(key) {
    if (key === '*') {
        return 'all';
    }
    if (LISTS.indexOf(key) >= 0) {
        return key;
    }
    // A film; or a genre, tag, platform or person, and then some films go without need.
    return /^[0-9a-f]{32}$/.test(key) ? of_film(key) : null;
}

// Gives these groups another generation. Throws where that cannot be written.
function forget(folder, keys) {
    const generation = Date.now().toString(36) + Math.random().toString(36).slice(2, 10);
    const names = {};
    keys.map(name_of).filter(name => name !== null).forEach(name => { names[name] = true; });
    Object.keys(names).forEach(name => {
        // Written aside and put in place: who reads it reads one or the other.
        const aside = folder + '/' + generation + '-' + name;
        fs.writeFileSync(aside, generation);
        fs.renameSync(aside, folder + '/' + name);
    });
    return Object.keys(names).length;
}

function may_purge(r) {
    let token;
    try {
        token = fs.readFileSync(r.variables.purge_token_file, 'utf8').trim();
    } catch (e) {
        r.error('nobody may purge: ' + e.message);
        return false;
    }
    return token.length > 0 && r.headersIn['Authorization'] === 'Bearer ' + token;
}

// PURGE with Surrogate-Key: names separated by spaces; `*` is everything.
function purge(r) {
    r.headersOut['Cache-Control'] = 'no-store';
    r.headersOut['Content-Type'] = 'application/json';
    if (!may_purge(r)) {
        r.return(403, '{"status":403}\n');
        return;
    }
    const keys = (r.headersIn['Surrogate-Key'] || '').split(/[ ,]+/).filter(key => key.length > 0);
    if (keys.length === 0) {
        r.return(400, '{"status":400,"detail":"Surrogate-Key is missing"}\n');
        return;
    }
    try {
        r.return(200, JSON.stringify({generations: forget(r.variables.groups_folder, keys)}) + '\n');
    } catch (e) {
        r.error('groups cannot be purged: ' + e.message);
        r.return(500, '{"status":500}\n');
    }
}

// Cache-Group-Invalidation on the answer to a command (RFC 9875): a list of strings, whose parameters mean nothing.
function invalidate(r) {
    const said = r.headersOut['Cache-Group-Invalidation'];
    if (!said || r.status >= 400) {
        return;
    }
    const keys = String(said).split(',').map(member => member.split(';')[0].trim());
    try {
        forget(r.variables.groups_folder, keys.filter(key => /^".*"$/.test(key)).map(key => key.slice(1, -1)));
    } catch (e) {
        // The purge that follows says the same again.
        r.error('groups cannot be forgotten: ' + e.message);
    }
}

export default {generations, purge, invalidate};
