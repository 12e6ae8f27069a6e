document.title = 'In Camera'
