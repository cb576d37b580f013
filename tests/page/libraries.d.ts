// What the page uses of its libraries, which come without types in this form.
declare const Plot: any;
declare const d3: any;
